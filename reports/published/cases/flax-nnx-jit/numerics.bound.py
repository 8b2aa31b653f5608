# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[4, 0] is 1.35055137, exactly 1.35054095; it may be off by 9.8e-06 and is off by 1e-05,
# 1.06 times the bound; values beyond their bounds: 1 of 6
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(
    1, axis=1, momentum=0.99, epsilon=0.001, dtype="float32", param_dtype="float32",
    use_bias=True, use_scale=True, rngs=nnx.Rngs(0),
)
layer.scale[...] = jnp.asarray(np.array([1.0], np.float32))
layer.bias[...] = jnp.asarray(np.array([0.0], np.float32))
x = np.array([
    [-7.981394],
    [-6.8175664],
    [-8.216533],
    [-6.8943167],
    [-6.413573],
    [-8.398523],
], np.float32)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer, jnp.asarray(x, "float32"))
print("y[4, 0] is", float(y[4, 0]), "and should be", 1.3505409543145337)
