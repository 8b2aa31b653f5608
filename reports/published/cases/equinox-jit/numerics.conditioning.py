# Equinox nn.BatchNorm, mode=batch, jit 0.13.8, jax 0.10.2
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: the gradient of x, dx[2, 0] is -0.0402832031, exactly -0.039850781; it may be off by 2.3e-05
# and is off by 0.00043, 19.1 times the bound; 3 of 8 values are beyond theirs
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
x = np.array([
    [2.113],
    [1.849],
    [-2.256],
    [-0.5854],
    [0.9854],
    [0.1934],
    [0.762],
    [-0.9414],
], np.float16)
dy = np.array([[-1.577], [-0.1416], [0.51], [0.8257], [-1.098], [0.897], [0.816], [-1.191]], np.float16)
def call(affine, t):
    module = eqx.tree_at(lambda it: (it.weight, it.bias), layer.module, affine)
    return jax.vmap(partial(module, inference=not True), **over_batch)(t, layer.state)[0]


t, upstream = jnp.asarray(x, "float16"), jnp.asarray(dy, "float16")
pull = jax.jit(lambda affine, t, upstream: jax.vjp(call, affine, t)[1](upstream))
(dgamma, dbeta), dx = pull((layer.module.weight, layer.module.bias), t, upstream)
print("dx[2, 0] is", float(dx[2, 0]), "and should be", -0.03985078101384926)
