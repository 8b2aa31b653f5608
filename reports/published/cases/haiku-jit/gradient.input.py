# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: In training, dx = gamma / s (dy - mean(dy) - xhat mean(dy xhat)), s = sqrt(var +
# epsilon): the batch's statistics are functions of x.
# Seen: the gradient of x, dx[0, 0] is -0.564140081, exactly -0.56414806; it may be off by 6.8e-06
# and is off by 8e-06, 1.17 times the bound; 3 of 7 values are beyond theirs
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((7, 1))) if k != 1 % len((7, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=1.0, eps=0.0001, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((7, 1), "float32"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
x = np.array([
    [-8.653298],
    [-7.4221563],
    [-9.345342],
    [-9.175932],
    [-10.003107],
    [-8.546684],
    [-7.6966214],
], np.float32)
dy = np.array([
    [0.101408064],
    [0.37838396],
    [0.9616191],
    [0.5874902],
    [-0.2902961],
    [0.93482006],
    [1.3015753],
], np.float32)
t, upstream = jnp.asarray(x, "float32"), jnp.asarray(dy, "float32")
y, _ = jax.jit(layer.apply, static_argnums=4)(layer.params, layer.state, None, t, True)


def call(params, t):
    return layer.apply(params, layer.state, None, t, True)[0]


pull = jax.jit(lambda params, t, upstream: jax.vjp(call, params, t)[1](upstream))
gradients, dx = pull(layer.params, t, upstream)
dgamma, dbeta = (np.ravel(gradients["batch_norm"][name]) for name in ("scale", "offset"))
print("dx[0, 0] is", float(dx[0, 0]), "and should be", -0.5641480595826425)
