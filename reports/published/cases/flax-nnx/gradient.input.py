# Flax nnx.BatchNorm 0.12.8, jax 0.10.2
# Required: In training, dx = gamma / s (dy - mean(dy) - xhat mean(dy xhat)), s = sqrt(var +
# epsilon): the batch's statistics are functions of x.
# Seen: the gradient of x, dx[1, 0] is 111.759766, exactly 111.573234; it may be off by 0.021 and is
# off by 0.19, 8.72 times the bound; 2 of 2 values are beyond theirs
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
x = np.array([[0.9977826], [0.9989403]], np.float32)
dy = np.array([[-1.0945834], [-0.3531707]], np.float32)
graph, params, statistics = nnx.split(layer, nnx.Param, nnx.BatchStat)


def call(params, t):
    return nnx.merge(graph, params, statistics)(t, use_running_average=not True)


t, upstream = jnp.asarray(x, "float32"), jnp.asarray(dy, "float32")
y = call(params, t)
gradients, dx = lambda params, t, upstream: jax.vjp(call, params, t)[1](upstream)(params, t, upstream)
dgamma, dbeta = gradients["scale"][...], gradients["bias"][...]
print("dx[1, 0] is", float(dx[1, 0]), "and should be", 111.57323435838767)
