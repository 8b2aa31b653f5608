# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Values whose squares overflow give finite output. The ratio says how far off it is.
# Seen: y[0, 0] is nan, exactly 1; values that are not finite: 2 of 2
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(
    1, axis=1, momentum=0.9, epsilon=1e-05, dtype="float32", param_dtype="float32",
    use_bias=True, use_scale=True, rngs=nnx.Rngs(0),
)
layer.scale[...] = jnp.asarray(np.array([1.0], np.float32))
layer.bias[...] = jnp.asarray(np.array([0.0], np.float32))
x = np.array([[3.764151e+24], [-3.4442605e+24]], np.float32)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x, "float32"))
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.0)
