# Equinox nn.BatchNorm, mode=batch, jit 0.13.8, jax 0.10.2
# Required: Loading n + 1 values or an (n, m) matrix, or applying the layer to n + 1 features, is an
# error that can be read: not a crash, not a silent broadcast.
# Seen: a layer of 1 feature accepted an (n, m) matrix for gamma: applied to x of shape (2, 1), axis
# 1, it returned y of shape (2, 1, 2) without an error
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
layer2 = SimpleNamespace(module=module, state=state)
layer2.module = eqx.tree_at(lambda it: it.weight, layer2.module, jnp.asarray(np.array([1.0], np.float32)))
layer2.module = eqx.tree_at(lambda it: it.bias, layer2.module, jnp.asarray(np.array([0.0], np.float32)))
mean, var = layer2.state.get(layer2.module.batch_state_index)
mean = jnp.asarray(np.array([0.6327895], np.float32), mean.dtype)
layer2.state = layer2.state.set(layer2.module.batch_state_index, (mean, var))
# as after so many batches that there is nothing left to debias
many = jnp.array(0 if layer2.module.momentum == 1 else 1073741824)
layer2.state = layer2.state.set(layer2.module.batch_counter, many)
mean, var = layer2.state.get(layer2.module.batch_state_index)
var = jnp.asarray(np.array([1.7389386], np.float32), var.dtype)
layer2.state = layer2.state.set(layer2.module.batch_state_index, (mean, var))
# as after so many batches that there is nothing left to debias
many = jnp.array(0 if layer2.module.momentum == 1 else 1073741824)
layer2.state = layer2.state.set(layer2.module.batch_counter, many)
layer2.module = eqx.tree_at(lambda it: it.weight, layer2.module, jnp.asarray(np.array([[1.0, 1.0]], np.float32)))
x = np.array([[3.1136327], [-2.8490255]], np.float32)
call = eqx.filter_jit(jax.vmap(partial(layer2.module, inference=not True), **over_batch))
y, layer2.state = call(jnp.asarray(x, "float32"), layer2.state)
print("y =", y)
