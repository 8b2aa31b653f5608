"""Keras 2: with synchronized=True the variance is E[x^2] - E[x]^2, and cancels.

Promised: synchronized=True "synchronizes the global batch statistics (mean and variance)", and nothing else.
    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization
Happens: the squares are averaged over the replicas and the square of the mean is taken off; what falls below
    zero is set to zero. It happens with a single device too, where there is nothing to synchronise.
Harm: the error grows like the square of mean / std: at a mean of 540 standard deviations y has three digits, at ten
    times that none, where the same layer without synchronized=True has them.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras

for mean in (0, 10, 100, 1000):
    x = np.float32(mean) + np.float32(0.01) * np.arange(64, dtype=np.float32)[:, None]
    exact = (x[0] - x.mean(dtype=float)) / np.sqrt(x.var(dtype=float) + 1e-5)
    for synchronized in (False, True):
        layer = tf_keras.layers.BatchNormalization(epsilon=1e-5, synchronized=synchronized)
        y = np.array(layer(x, training=True))
        print(f"mean {mean:4}, {synchronized=!s:5}: y[0] = {y[0, 0]:8.4f}, exactly {exact[0]:8.4f}")
