# Equinox nn.BatchNorm, mode=batch, jit 0.13.8, jax 0.10.2
# Required: An empty batch leaves the running statistics as they were: an error, or no change.
# Seen: running_mean was [0.6327894926071167] and is [nan] after an empty batch of shape (0, 1)
import os

os.environ["JAX_ENABLE_X64"] = "1"
from functools import partial
from types import SimpleNamespace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

over_batch = dict(axis_name="batch", in_axes=(0, None), out_axes=(0, None))

make = eqx.nn.make_with_state(eqx.nn.BatchNorm)
module, state = make(
    1, "batch", eps=1e-05, momentum=0.9, channelwise_affine=True, dtype=jnp.dtype("float32"),
    mode="batch",
)
layer = SimpleNamespace(module=module, state=state)
layer.module = eqx.tree_at(lambda it: it.weight, layer.module, jnp.asarray(np.array([1.0], np.float32)))
layer.module = eqx.tree_at(lambda it: it.bias, layer.module, jnp.asarray(np.array([0.0], np.float32)))
mean, var = layer.state.get(layer.module.batch_state_index)
mean = jnp.asarray(np.array([0.6327895], np.float32), mean.dtype)
layer.state = layer.state.set(layer.module.batch_state_index, (mean, var))
# as after so many batches that there is nothing left to debias
many = jnp.array(0 if layer.module.momentum == 1 else 1073741824)
layer.state = layer.state.set(layer.module.batch_counter, many)
mean, var = layer.state.get(layer.module.batch_state_index)
var = jnp.asarray(np.array([1.7389386], np.float32), var.dtype)
layer.state = layer.state.set(layer.module.batch_state_index, (mean, var))
# as after so many batches that there is nothing left to debias
many = jnp.array(0 if layer.module.momentum == 1 else 1073741824)
layer.state = layer.state.set(layer.module.batch_counter, many)
x = np.zeros((0, 1), np.float32)
call = eqx.filter_jit(jax.vmap(partial(layer.module, inference=not True), **over_batch))
y, layer.state = call(jnp.asarray(x, "float32"), layer.state)
running_mean = np.ravel(np.asarray(layer.state.get(layer.module.batch_state_index)[0] / jnp.where(layer.state.get(layer.module.batch_counter) == 0, 1, 1 - layer.module.momentum**layer.state.get(layer.module.batch_counter))))
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
