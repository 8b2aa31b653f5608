# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: An empty batch leaves the running statistics as they were: an error, or no change.
# Seen: running_mean was [0.6327894926071167] and is [[nan]] after an empty batch of shape (0, 1)
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((2, 1))) if k != 1 % len((2, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.9, eps=1e-05, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((2, 1), "float32"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
average = jnp.reshape(np.array([0.6327895], np.float32), layer.state["batch_norm/~/mean_ema"]["average"].shape)
# as after so many batches that there is nothing left to debias
layer.state["batch_norm/~/mean_ema"] = dict(average=average, hidden=average, counter=jnp.int32(1073741824))
average = jnp.reshape(np.array([1.7389386], np.float32), layer.state["batch_norm/~/var_ema"]["average"].shape)
# as after so many batches that there is nothing left to debias
layer.state["batch_norm/~/var_ema"] = dict(average=average, hidden=average, counter=jnp.int32(1073741824))
x = np.zeros((0, 1), np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float32"), True
)
running_mean = np.ravel(np.ravel(layer.state["batch_norm/~/mean_ema"]["average"]))
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
