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

for mean in (0, 10, 100, 1000):
    x = np.float32(mean) + np.float32(0.01) * np.arange(64, dtype=np.float32)[:, None]
    exact = (x[0, 0] - x.mean(dtype=float)) / np.sqrt(x.var(dtype=float) + 1e-5)
    average = snt.ExponentialMovingAverage(0.9), snt.ExponentialMovingAverage(0.9)
    layer = snt.distribute.CrossReplicaBatchNorm(True, True, *average)
    y = layer(x, is_training=True).numpy()[0, 0]
    plain = snt.BatchNorm(True, True)(x, is_training=True).numpy()[0, 0]
    print(f"mean {mean:4}: y[0] = {y:8.4f}, of snt.BatchNorm {plain:8.4f}, exactly {exact:8.4f}")
