"""Flax nnx: with a half-precision dtype and parameters in float32, inference rounds the running statistics to half.

Promised: ``param_dtype`` is the dtype of the parameters, ``dtype`` that of the result.
    https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/normalization.html#flax.nnx.BatchNorm
Happens: the mean and the variance are converted to ``dtype`` before they are used. A variance above 65,504 is
infinite in float16, and y is 0. ``flax.linen.BatchNorm`` computes in float32, and is right.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
from flax import linen, nnx

x = jnp.full((1, 1), 2000, jnp.float16)
layer = nnx.BatchNorm(1, dtype=jnp.float16, param_dtype=jnp.float32, rngs=nnx.Rngs(0))
layer.var[...] = jnp.full(1, 1e6)
print("nnx:  ", layer(x, use_running_average=True), "and should be", 2000 / 1e6**0.5)

layer = linen.BatchNorm(dtype=jnp.float16, param_dtype=jnp.float32, use_running_average=True)
variables = layer.init(jax.random.key(0), x)
variables["batch_stats"]["var"] = jnp.full(1, 1e6)
print("linen:", layer.apply(variables, x))
