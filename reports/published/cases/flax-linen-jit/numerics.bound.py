# Flax linen.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[4, 0] is 1.35055137, exactly 1.35054095; it may be off by 9.8e-06 and is off by 1e-05,
# 1.06 times the bound; values beyond their bounds: 1 of 6
import os

os.environ["JAX_ENABLE_X64"] = "1"
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

module = nn.BatchNorm(
    axis=1, momentum=0.99, epsilon=0.001, dtype="float32", param_dtype="float32",
    use_bias=True, use_scale=True, use_fast_variance=True,
)
example = jnp.zeros((6, 1), "float32")
layer = module.bind(module.init(jax.random.key(0), example, use_running_average=False), mutable=True)
layer.put_variable("params", "scale", jnp.asarray(np.array([1.0], np.float32)))
layer.put_variable("params", "bias", jnp.asarray(np.array([0.0], np.float32)))
x = np.array([
    [-7.981394],
    [-6.8175664],
    [-8.216533],
    [-6.8943167],
    [-6.413573],
    [-8.398523],
], np.float32)
module, variables = layer.unbind()
y, updated = jax.jit(lambda variables, t: module.apply(
    variables, t, use_running_average=not True, mutable=["batch_stats"]
))(variables, jnp.asarray(x, "float32"))
layer = module.bind({**variables, **updated}, mutable=True)
print("y[4, 0] is", float(y[4, 0]), "and should be", 1.3505409543145337)
