# Equinox nn.BatchNorm, mode=batch, jit 0.13.8, jax 0.10.2
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dx[0, 0] after a training call is nan, exactly -1451.51757; it may be off by
# 2.4e+02; values beyond their bounds: 2 of 2
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
    1, "batch", eps=0.001, momentum=0.9, channelwise_affine=True, dtype=jnp.dtype("float16"),
    mode="batch",
)
layer = SimpleNamespace(module=module, state=state)
layer.module = eqx.tree_at(lambda it: it.weight, layer.module, jnp.asarray(np.array([1.0], np.float16)))
layer.module = eqx.tree_at(lambda it: it.bias, layer.module, jnp.asarray(np.array([0.0], np.float16)))
x = np.array([[0.00076], [-0.0006957]], np.float16)
dy = np.array([[-100.94], [-9.06]], np.float16)
def call(affine, t):
    module = eqx.tree_at(lambda it: (it.weight, it.bias), layer.module, affine)
    return jax.vmap(partial(module, inference=not True), **over_batch)(t, layer.state)[0]


t, upstream = jnp.asarray(x, "float16"), jnp.asarray(dy, "float16")
pull = jax.jit(lambda affine, t, upstream: jax.vjp(call, affine, t)[1](upstream))
(dgamma, dbeta), dx = pull((layer.module.weight, layer.module.bias), t, upstream)
print("dx[0, 0] is", float(dx[0, 0]), "and should be", -1451.5175683179166)
