# Flax linen.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[2, 0] is -1.8273803, exactly -1.82734797; it may be off by 2.2e-05 and is off by 3.2e-05,
# 1.49 times the bound; values beyond their bounds: 2 of 8
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
example = jnp.zeros((8, 1), "float32")
layer = module.bind(module.init(jax.random.key(0), example, use_running_average=False), mutable=True)
layer.put_variable("params", "scale", jnp.asarray(np.array([1.0], np.float32)))
layer.put_variable("params", "bias", jnp.asarray(np.array([0.0], np.float32)))
x = np.array([
    [32.113632],
    [31.849026],
    [27.743334],
    [29.414677],
    [30.985327],
    [30.193407],
    [30.761974],
    [29.058758],
], np.float32)
module, variables = layer.unbind()
y, updated = jax.jit(lambda variables, t: module.apply(
    variables, t, use_running_average=not True, mutable=["batch_stats"]
))(variables, jnp.asarray(x, "float32"))
layer = module.bind({**variables, **updated}, mutable=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -1.8273479695963761)
