# Flax nnx.BatchNorm 0.12.8, jax 0.10.2
# Required: Adding a constant to a feature changes nothing in training.
# Seen: y, with a constant added to x,[0, 0] is -0.684702694, exactly -0.682341635; it may be off by
# 0.0018 and is off by 0.0024, 1.34 times the bound; 2 of 2 values are beyond theirs
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
x = np.array([[-0.0059048864], [-1.5889408e-06]], np.float32)
y = layer(jnp.asarray(x, "float32"), use_running_average=not True)
x2 = np.array([[3.994095], [3.9999983]], np.float32)
y = layer(jnp.asarray(x2, "float32"), use_running_average=not True)
print("y[0, 0] is", float(y[0, 0]), "and should be", -0.6823416352272034)
