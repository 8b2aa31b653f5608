# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: epsilon is honoured and sits inside the square root.
# Seen: y[1, 0] is -2.64035504, exactly -2.64035505; it may be off by 3.2e-15 and is off by 7.7e-09,
# 2.37e+06 times the bound; values beyond their bounds: 2 of 2
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
layer.scale[...] = jnp.asarray(np.array([1.0], np.float64))
layer.bias[...] = jnp.asarray(np.array([0.0], np.float64))
layer.mean[...] = jnp.asarray(np.array([0.6327894972297581], np.float64))
layer.var[...] = jnp.asarray(np.array([1.7389385645548427], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not False))
y = step(layer, jnp.asarray(x, "float64"))
print("y[1, 0] is", float(y[1, 0]), "and should be", -2.640355045862684)
