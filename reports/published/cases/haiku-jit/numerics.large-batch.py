# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[4, 0] is -1.78677905, exactly -1.78676905; it may be off by 8.4e-06 and is off by 1e-05,
# 1.19 times the bound; 1 of 7 values are beyond theirs
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((7, 1))) if k != 1 % len((7, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.9, eps=0.001, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((7, 1), "float32"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
x = np.array([
    [9.585079],
    [8.1401005],
    [7.4937525],
    [7.4230022],
    [6.207189],
    [8.3925495],
    [8.685965],
], np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float32"), True
)
print("y[4, 0] is", float(y[4, 0]), "and should be", -1.7867690545514054)
