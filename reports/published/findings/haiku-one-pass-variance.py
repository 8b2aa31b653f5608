"""Haiku: the variance is E[x^2] - E[x]^2 and may be negative, so that equal values give NaN.

Promised: "Normalizes inputs to maintain a mean of ~0 and stddev of ~1."
    https://dm-haiku.readthedocs.io/en/latest/api.html#batchnorm
Happens: as in Keras on PyTorch, but with nothing that keeps the variance from falling below zero: 64 times the value
    10.1 is enough. The negative variance is averaged into the running one, too. There is no option.
Upstream: none found for Haiku. Flax had the same (https://github.com/google/flax/issues/1491) and now cuts off at 0.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import haiku as hk
import numpy as np

norm = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, decay_rate=0.9)(x, is_training=True))
for mean in (0, 10, 100, 1000):
    x = np.float32(mean) + np.float32(0.01) * np.arange(64, dtype=np.float32)[:, None]
    y, _ = norm.apply(*norm.init(None, x), None, x)
    exact = (x - x.mean(dtype=float)) / np.sqrt(x.var(dtype=float) + 1e-5)
    print(f"mean {mean:4}: y[0] = {y[0, 0]:8.4f}, exactly {exact[0, 0]:8.4f}")
x = np.full((64, 1), 10.1, np.float32)
y, state = norm.apply(*norm.init(None, x), None, x)
kept = state["batch_norm/~/var_ema"]["average"]
print("64 times 10.1: y[0] =", y[0, 0], ", exactly 0; running variance", kept[0, 0])
