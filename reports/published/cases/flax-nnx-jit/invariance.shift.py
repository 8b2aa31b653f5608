# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Adding a constant to a feature changes nothing in training.
# Seen: y, with a constant added to x,[1, 0] is -0.999764383, exactly -0.999820113; it may be off by
# 5.1e-05 and is off by 5.6e-05, 1.09 times the bound; 2 of 2 values are beyond theirs
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
x = np.array([[0.4167853], [0.083224915]], np.float32)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x, "float32"))
x2 = np.array([[4.4167852], [4.083225]], np.float32)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x2, "float32"))
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9998201131820679)
