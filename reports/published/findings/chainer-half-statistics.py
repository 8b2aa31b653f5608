"""Chainer computes the statistics of float16 in float16, unless dtype is mixed16.

Promised: the definition, for any floating dtype; no loss is documented.
    https://docs.chainer.org/en/stable/reference/generated/chainer.links.BatchNormalization.html
Happens: the variance overflows at deviations above 256, and y is 0 or NaN, although x and the exact y are small.
Harm: activations of some hundreds, common enough, lose their signal in float16.
"""

import chainer
import numpy as np

for size in (1, 100, 300):
    x = size * np.array([[-1.0], [1.0], [-1.0], [1.0]])
    for dtype in ("float32", "float16"):
        y = chainer.links.BatchNormalization(1, dtype=np.dtype(dtype))(x.astype(dtype)).array
        print(f"x = +-{size} in {dtype}: y = {y[0, 0]:g}, {y[1, 0]:g}")
