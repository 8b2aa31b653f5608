# Flax linen.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Values whose squares overflow give finite output. The ratio says how far off it is.
# Seen: y[0, 0] is nan, exactly 1; values that are not finite: 2 of 2
import os

os.environ["JAX_ENABLE_X64"] = "1"
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

module = nn.BatchNorm(
    axis=1, momentum=0.9, epsilon=1e-05, dtype="float32", param_dtype="float32",
    use_bias=True, use_scale=True, use_fast_variance=True,
)
example = jnp.zeros((2, 1), "float32")
layer = module.bind(module.init(jax.random.key(0), example, use_running_average=False), mutable=True)
layer.put_variable("params", "scale", jnp.asarray(np.array([1.0], np.float32)))
layer.put_variable("params", "bias", jnp.asarray(np.array([0.0], np.float32)))
x = np.array([[3.764151e+24], [-3.4442605e+24]], np.float32)
module, variables = layer.unbind()
y, updated = jax.jit(lambda variables, t: module.apply(
    variables, t, use_running_average=not True, mutable=["batch_stats"]
))(variables, jnp.asarray(x, "float32"))
layer = module.bind({**variables, **updated}, mutable=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.0)
