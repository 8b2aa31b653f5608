# Flax nnx.BatchNorm 0.12.8, jax 0.10.2
# Required: Every feature axis and rank it supports gives the same numbers: features first, channels
# first, channels last.
# Seen: for shape (1, 6), axis 0, y[0, 3] is 1.74287711, exactly 1.74287711; it may be off by
# 2.8e-14 and is off by 3.8e-14, 1.34 times the bound; 2 of 6 values are beyond theirs
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(
    1, axis=0, momentum=0.9, epsilon=1e-05, dtype="float64", param_dtype="float64",
    use_bias=True, use_scale=True, rngs=nnx.Rngs(0),
)
layer.scale[...] = jnp.asarray(np.array([1.0], np.float64))
layer.bias[...] = jnp.asarray(np.array([0.0], np.float64))
x = np.array([
    [0.9238984617692834, 1.0801086138826035, 0.9999999752886158, 1.151743730782404,
     1.0000005772073635, 1.000000000002922],
], np.float64)
y = layer(jnp.asarray(x, "float64"), use_running_average=not True)
print("y[0, 3] is", float(y[0, 3]), "and should be", 1.7428771102814664)
