"""Keras 2: one empty batch turns the moving statistics to NaN, for good.

Promised: moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum).
    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization
Happens: as in Keras 3, the mean of nothing is averaged in; with the fused kernel, of images, too.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras

for shape in ((0, 1), (0, 1, 1, 1)):
    layer = tf_keras.layers.BatchNormalization()
    layer(np.ones(shape, np.float32), training=True)
    print(shape, [w.numpy().tolist() for w in layer.non_trainable_weights])
