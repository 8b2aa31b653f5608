# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: A layer with neither gamma nor beta keeps its statistics like any other.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 0 is
# 1.78883231, exactly 1.78883233; it may be off by 9e-15 and is off by 2.3e-08, 2.55e+06 times the
# bound; values beyond their bounds: 1 of 1
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(
    1, axis=1, momentum=0.9, epsilon=1e-05, dtype="float64", param_dtype="float64",
    use_bias=False, use_scale=False, rngs=nnx.Rngs(0),
)
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x, "float64"))
running_var = np.ravel(np.asarray(layer.var[...]))
print("running_var[0] is", float(running_var[0]), "and should be", 1.788832329888867)
