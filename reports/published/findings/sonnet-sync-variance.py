"""Sonnet's CrossReplicaBatchNorm: the variance is E[x^2] - E[x]^2, and turns out negative.

Promised: "At every step the full batch is used to calculate the batch statistics".
    https://sonnet.readthedocs.io/en/latest/api.html#crossreplicabatchnorm
Happens: two numbers that agree in their leading digits are subtracted, and nothing keeps the difference from falling
    below zero: where it is below -eps, every output is NaN.
Harm: NaN in training, and by the moving variance in inference, for data that snt.BatchNorm normalises.
Upstream: its source says so: "If you see NaNs in your model please try the alternative formula".
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import sonnet as snt

for value in (1.1, 10.1, 1000.1):
    x = np.full((64, 1), value, np.float32)
    average = snt.ExponentialMovingAverage(0.9), snt.ExponentialMovingAverage(0.9)
    layer = snt.distribute.CrossReplicaBatchNorm(True, True, *average)
    y = layer(x, is_training=True).numpy()
    plain = snt.BatchNorm(True, True)(x, is_training=True).numpy()
    print(f"64 times {value}: y = {y[0, 0]:7.3f}, of snt.BatchNorm {plain[0, 0]:7.3f}, exactly 0")
