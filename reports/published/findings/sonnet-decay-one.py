"""Sonnet: with decay_rate = 1 the moving statistics are NaN.

Promised: "values close to 1 result in a slow decay"; 1 is not excluded.
    https://sonnet.readthedocs.io/en/latest/api.html#exponentialmovingaverage
Happens: the zero-debiased average is divided by 1 - decay_rate^t, which is 0.
Harm: statistics cannot be frozen by their rate, as elsewhere they can; inference gives NaN.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import sonnet as snt
import tensorflow as tf

for rate in (0.999, 1.0):
    layer = snt.BatchNorm(True, True, decay_rate=rate)
    layer(tf.constant([[1.0], [3.0]]), is_training=True)
    print(f"decay_rate = {rate}: moving mean {layer.moving_mean.average.numpy().item():.3f}")
