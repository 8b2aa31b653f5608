"""Keras 2: the moving variance is the unbiased one for images, and the biased one for anything else.

Promised: moving_var = moving_var * momentum + var(batch) * (1 - momentum), for every rank.
    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization
Happens: four or five axes with features second or last go to a fused kernel, and that multiplies the variance by
    m / (m - 1). Other ranks, other axes and float64 do not go there. The same numbers give other statistics.
Harm: with few values per feature, inference differs between layers that trained alike; by 41 % for two values.
Upstream: https://github.com/tensorflow/tensorflow/issues/55545, closed. Keras 3 keeps the biased one.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras

x = np.array([0, 2], np.float32)
for shape, dtype in (((2, 1), "float32"), ((2, 1, 1, 1), "float32"), ((2, 1, 1, 1), "float64")):
    layer = tf_keras.layers.BatchNormalization(momentum=0.0, dtype=dtype)
    layer(x.reshape(shape).astype(dtype), training=True)
    print(f"0 and 2 in {dtype} as {shape}: moving_variance = {layer.moving_variance.numpy()[0]:g}")
