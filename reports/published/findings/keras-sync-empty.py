"""Keras and Keras 2: with synchronized=True each empty batch moves the moving statistics towards 0.

Promised: moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum).
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: the mean of nothing is taken to be 0, and so is the variance, and both are averaged in: no NaN, as without
    synchronized=True, but no mean of any batch either.
Harm: every empty batch makes the variance of inference smaller, and nothing says so.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

layer = keras.layers.BatchNormalization(synchronized=True, momentum=0.9)
layer(np.float32([[1], [3]]), training=True)
for empty in range(3):
    print(
        f"after {empty} empty batches: {float(layer.moving_mean[0]):.4f}, {float(layer.moving_variance[0]):.4f}"
    )
    layer(np.ones((0, 1), np.float32), training=True)
