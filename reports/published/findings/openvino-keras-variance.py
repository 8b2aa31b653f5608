"""Keras on OpenVINO computes the variance as E[x^2] - E[x]^2.

Promised: gamma * (batch - mean(batch)) / sqrt(var(batch) + epsilon) + beta.
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: the digits of the variance cancel, the more the further the mean is from zero, as on PyTorch and NumPy.
Harm: outputs that are wrong, or NaN where the difference comes out negative.
"""

import os

os.environ["KERAS_BACKEND"] = "openvino"
import keras
import numpy as np

rng = np.random.default_rng(0)
for mean in (10, 100, 1000, 10000):
    x = (rng.standard_normal((64, 4)) + mean).astype(np.float32)
    y = keras.ops.convert_to_numpy(keras.layers.BatchNormalization()(x, training=True))
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(0)) / np.sqrt(exact.var(0) + 1e-3)
    print(f"mean of {mean} standard deviations: y is off by up to {np.abs(y - exact).max():.2g}")
