# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after training on an empty batch; it should be 0, as it was
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
x = np.zeros((0, 1), np.float32)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x, "float32"))
running_mean = np.ravel(np.asarray(layer.mean[...]))
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.0)
