"""Chainer: one empty batch turns the running statistics to NaN, for good.

Promised: "computes moving averages of mean and variance for evaluation during training".
    https://docs.chainer.org/en/stable/reference/generated/chainer.links.BatchNormalization.html
Happens: the mean of nothing is NaN, and it is averaged in, with a warning of NumPy's.
"""

import chainer
import numpy as np

layer = chainer.links.BatchNormalization(1)
for rows in (4, 0, 4):
    layer(np.ones((rows, 1), "float32"))
    print(f"after {rows} rows: running mean {layer.avg_mean[0]:g}")
