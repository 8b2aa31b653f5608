# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[1, 0] is 0.0230102539, exactly 0.0230851727; it may be off by 1.2e-05 and is off by
# 7.5e-05, 6.17 times the bound; 1 of 2 values are beyond theirs
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(
    1, axis=1, momentum=0.9, epsilon=0.001, dtype="float16", param_dtype="float16",
    use_bias=True, use_scale=True, rngs=nnx.Rngs(0),
)
layer.scale[...] = jnp.asarray(np.array([1.0], np.float16))
layer.bias[...] = jnp.asarray(np.array([-0.962], np.float16))
layer.mean[...] = jnp.asarray(np.array([-0.3064], np.float16))
layer.var[...] = jnp.asarray(np.array([1.897], np.float16))
x = np.array([[-1.04], [1.051]], np.float16)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not False))
y = step(layer, jnp.asarray(x, "float16"))
print("y[1, 0] is", float(y[1, 0]), "and should be", 0.023085172679618182)
