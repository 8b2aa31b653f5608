# Flax linen.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after training on an empty batch; it should be 0, as it was
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
x = np.zeros((0, 1), np.float32)
module, variables = layer.unbind()
y, updated = jax.jit(lambda variables, t: module.apply(
    variables, t, use_running_average=not True, mutable=["batch_stats"]
))(variables, jnp.asarray(x, "float32"))
layer = module.bind({**variables, **updated}, mutable=True)
running_mean = np.ravel(np.asarray(layer.variables["batch_stats"]["mean"]))
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.0)
