# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[4, 0] is 1.35055137, exactly 1.35054095; it may be off by 9.8e-06 and is off by 1e-05,
# 1.06 times the bound; values beyond their bounds: 1 of 6
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((6, 1))) if k != 1 % len((6, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.99, eps=0.001, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((6, 1), "float32"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
x = np.array([
    [-7.981394],
    [-6.8175664],
    [-8.216533],
    [-6.8943167],
    [-6.413573],
    [-8.398523],
], np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float32"), True
)
print("y[4, 0] is", float(y[4, 0]), "and should be", 1.3505409543145337)
