"""Equinox computes the statistics of half-precision input in half precision.

Promised: ``dtype`` is that of "the running statistics and the weight and bias"; of the precision within nothing.
    https://docs.kidger.site/equinox/api/nn/normalisation/#equinox.nn.BatchNorm
Happens: mean, variance and 1/std are rounded to float16; what is below 6e-8, such as an epsilon of 1e-8, is lost.
Harm: y of the order of 1 is off by several units in its last place; a constant feature gives NaN.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

for epsilon, x in ((1e-3, [[2.0], [1.0], [0.0]]), (1e-8, [[3.0], [3.0], [3.0]])):
    make = eqx.nn.make_with_state(eqx.nn.BatchNorm)
    layer, state = make(1, "batch", eps=epsilon, dtype=jnp.float16, mode="batch")
    of_samples = jax.vmap(layer, axis_name="batch", in_axes=(0, None), out_axes=(0, None))
    y, _ = of_samples(jnp.asarray(x, "float16"), state)
    exact = (np.array(x) - np.mean(x)) / np.sqrt(np.var(x) + epsilon)
    print(f"epsilon {epsilon}: y {np.ravel(y)}, exactly {np.ravel(exact)}")
