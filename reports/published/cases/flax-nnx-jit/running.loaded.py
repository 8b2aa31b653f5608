# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Loaded statistics move on from their values, under one of the known conventions.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 0 is
# 2.45387697, exactly 2.45387704; it may be off by 1e-14 and is off by 7.1e-08, 7.01e+06 times the
# bound; values beyond their bounds: 1 of 1
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(
    1, axis=1, momentum=0.9, epsilon=1e-05, dtype="float64", param_dtype="float64",
    use_bias=True, use_scale=True, rngs=nnx.Rngs(0),
)
layer.mean[...] = jnp.asarray(np.array([0.6327894972297581], np.float64))
layer.var[...] = jnp.asarray(np.array([1.7389385645548427], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x, "float64"))
running_var = np.ravel(np.asarray(layer.var[...]))
print("running_var[0] is", float(running_var[0]), "and should be", 2.453877042909192)
