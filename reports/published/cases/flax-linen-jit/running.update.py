# Flax linen.BatchNorm, jit 0.12.8, jax 0.10.2
# Required: After each of k training calls both statistics are an average of the batches' under one
# of the known conventions, the same one every time: exponential moving, zero-debiased exponential
# moving, cumulative.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 0 is
# 1.78883231, exactly 1.78883233; it may be off by 9e-15 and is off by 2.4e-08, 2.64e+06 times the
# bound; values beyond their bounds: 1 of 1
import os

os.environ["JAX_ENABLE_X64"] = "1"
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

module = nn.BatchNorm(
    axis=1, momentum=0.9, epsilon=1e-05, dtype="float64", param_dtype="float64",
    use_bias=True, use_scale=True, use_fast_variance=True,
)
example = jnp.zeros((2, 1), "float64")
layer = module.bind(module.init(jax.random.key(0), example, use_running_average=False), mutable=True)
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
module, variables = layer.unbind()
y, updated = jax.jit(lambda variables, t: module.apply(
    variables, t, use_running_average=not True, mutable=["batch_stats"]
))(variables, jnp.asarray(x, "float64"))
layer = module.bind({**variables, **updated}, mutable=True)
running_var = np.ravel(np.asarray(layer.variables["batch_stats"]["var"]))
print("running_var[0] is", float(running_var[0]), "and should be", 1.788832329888867)
