"""Flax, Haiku and Equinox: one empty batch turns the running statistics to NaN, for good.

Promised: an average of the batches' statistics, by ``momentum``.
    https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/normalization.html#flax.nnx.BatchNorm
Happens: the mean of nothing is NaN, and is averaged in. See keras-empty-batch.py: every layer in JAX does so.
Upstream: mended in PyTorch (https://github.com/pytorch/pytorch/issues/12013), which leaves the statistics alone.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(2, rngs=nnx.Rngs(0))
for count in (4, 0, 4):
    layer(np.ones((count, 2), np.float32))
    print(f"after a batch of {count}:", layer.mean[...].tolist(), layer.var[...].tolist())
