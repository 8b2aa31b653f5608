"""Keras, every backend: one empty batch turns the moving statistics to NaN, for good.

Promised: moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum).
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: the mean of nothing is NaN, and it is averaged in. From then on inference gives NaN, and no amount of
    training brings the statistics back. Empty batches come up where samples are filtered or sharded.
Upstream: the same was reported of Sonnet (https://github.com/google-deepmind/sonnet/issues/125) and mended in
    PyTorch (https://github.com/pytorch/pytorch/issues/12013), which leaves the statistics alone.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
import numpy as np

layer = keras.layers.BatchNormalization()
layer(np.ones((4, 2), np.float32), training=True)
print("before:", [keras.ops.convert_to_numpy(w).tolist() for w in layer.non_trainable_weights])
layer(np.ones((0, 2), np.float32), training=True)
print("after: ", [keras.ops.convert_to_numpy(w).tolist() for w in layer.non_trainable_weights])
