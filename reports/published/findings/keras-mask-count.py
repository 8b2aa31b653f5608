"""Keras, every backend: with a mask, 1e-7 is added to the number of values that mean and variance are divided by.

Promised: the mean and the variance of the positions where the mask is True.
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: sums are divided by the count + keras.backend.epsilon(), not only where the count is 0.
Harm: in float64 the mean of a few values is right to seven or eight digits, where that of a layer without a mask has
    sixteen; and so the variance of equal values is not 0.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

x = np.full((4, 1), 1000.0)
for mask in (None, np.ones(4, bool)):
    layer = keras.layers.BatchNormalization(momentum=0.0, epsilon=1e-12, dtype="float64")
    y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True, mask=mask)
    print("with a mask:" if mask is not None else "without:    ", end=" ")
    print(f"mean off by {float(layer.moving_mean[0]) - 1000:.1e}, y = {float(y[0, 0]):.3f}, exactly 0")
