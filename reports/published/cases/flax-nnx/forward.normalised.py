# Flax nnx.BatchNorm 0.12.8, jax 0.10.2
# Required: With gamma 1 and beta 0 each feature of y has mean 0 and variance var / (var + epsilon).
# Seen: the variance of feature [0] is 0.517249776, exactly 0.519565164; it may be off by 0.0003 and
# is off by 0.0023, 7.72 times the bound; 1 of 1 values are beyond theirs
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
x = np.array([[0.99956125], [0.9929842]], np.float32)
y = layer(jnp.asarray(x, "float32"), use_running_average=not True)
print("y =", y)
