"""Haiku: for half-precision input everything is computed in half, the mean of the squares too.

Promised: nothing of precision. https://dm-haiku.readthedocs.io/en/latest/api.html#batchnorm
Happens: E[x^2] - E[x]^2 loses its digits sooner than in float32: 7 standard deviations from zero y is off by 0.08 in
    bfloat16, and 14 from zero by 30, where the variance is nothing but rounding.
    Flax and Keras compute the statistics of half in float32.
Harm: mixed-precision training, unless the policy of the module says otherwise (``hk.mixed_precision``).
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import haiku as hk
import jax.numpy as jnp
import numpy as np

norm = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, 0.9, eps=1e-3)(x, is_training=True))
for mean in (0, 2, 4, 8):
    for dtype in ("float16", "bfloat16"):
        x = jnp.asarray(mean + np.linspace(-1, 1, 64)[:, None], dtype)
        y = np.asarray(norm.apply(*norm.init(None, x), None, x)[0], float)
        wide = np.asarray(x, float)
        exact = (wide - wide.mean()) / np.sqrt(wide.var() + 1e-3)
        print(f"mean {mean}, {dtype:8}: y is off by up to {np.abs(y - exact).max():.3f}")
