# Flax nnx.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Using one layer changes no other, and a new layer starts as the first did.
# Seen: y[1, 0] of layer 1, beside another layer, is -4.32634956, exactly -4.32634949; it may be off
# by 5.3e-15 and is off by 7.1e-08, 1.34e+07 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer1 = nnx.BatchNorm(
    1, axis=1, momentum=0.9, epsilon=1e-05, dtype="float64", param_dtype="float64",
    use_bias=True, use_scale=True, rngs=nnx.Rngs(0),
)
layer1.scale[...] = jnp.asarray(np.array([1.0], np.float64))
layer1.bias[...] = jnp.asarray(np.array([0.0], np.float64))
layer1.mean[...] = jnp.asarray(np.array([0.211246980384975], np.float64))
layer1.var[...] = jnp.asarray(np.array([0.5003435769729769], np.float64))
x = np.array([[1.8846842764176972], [-1.4750348086375005]], np.float64)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not True))
y = step(layer1, jnp.asarray(x, "float64"))
layer1.scale[...] = jnp.asarray(np.array([1.0], np.float64))
layer1.bias[...] = jnp.asarray(np.array([0.0], np.float64))
layer1.mean[...] = jnp.asarray(np.array([0.211246980384975], np.float64))
layer1.var[...] = jnp.asarray(np.array([0.5003435769729769], np.float64))
x2 = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not False))
y = step(layer1, jnp.asarray(x2, "float64"))
print("y[1, 0] is", float(y[1, 0]), "and should be", -4.326349493442483)
