"""Sonnet: one empty batch turns the moving statistics to NaN, for good.

Promised: "moving averages of the mean and variance which can be used to normalize at test time".
    https://sonnet.readthedocs.io/en/latest/api.html#batchnorm
Happens: the mean of nothing is NaN, and it is averaged in.
Upstream: https://github.com/google-deepmind/sonnet/issues/125
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import sonnet as snt

layer = snt.BatchNorm(True, True)
for rows in (4, 0, 4):
    layer(np.ones((rows, 1), np.float32), is_training=True)
    print(f"after {rows} rows: moving mean {layer.moving_mean.average.numpy().item():g}")
