"""Flax, linen and nnx: by default the variance is E[x^2] - E[x]^2, cut off at zero.

Promised: "use_fast_variance: If true, use a faster, but less numerically stable, calculation for the variance."
    https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/normalization.html#flax.nnx.BatchNorm
Happens: it is true unless told otherwise. With data 540 standard deviations from zero the output is off in its second
    digit, and with 5400 the variance is nothing but rounding, so that y is off by a factor of 58. It is never NaN.
Upstream: known, and documented; https://github.com/google/flax/issues/1491 brought the cut at zero.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np
from flax import nnx

for mean in (0, 10, 100, 1000):
    x = np.float32(mean) + np.float32(0.01) * np.arange(64, dtype=np.float32)[:, None]
    exact = (x - x.mean(dtype=float)) / np.sqrt(x.var(dtype=float) + 1e-5)
    fast, slow = (nnx.BatchNorm(1, use_fast_variance=f, rngs=nnx.Rngs(0))(x)[0, 0] for f in (True, False))
    print(f"mean {mean:4}: y[0] = {fast:8.4f}, in two passes {slow:8.4f}, exactly {exact[0, 0]:8.4f}")
