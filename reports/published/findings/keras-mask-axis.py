"""Keras, every backend: a mask is laid along the wrong axes unless features come last.

Promised: "Binary tensor of shape broadcastable to inputs tensor, with True values indicating the positions for which
    mean and variance should be computed", for every axis.
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: the mask must have one axis less than x, and is given one more at its end, wherever the features are. With
    features second it raises an error, or, where the extents happen to fit, other positions are left out.
Harm: for as many places as features, statistics are those of other positions than asked for, and nothing says so.
Upstream: said in a review, and left as it was: https://github.com/keras-team/keras/pull/22828
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

for places in (3, 4):
    mask = np.arange(2 * places).reshape(2, places) % places > 0  # but for the first place, everything counts
    x = np.where(mask[:, None], np.float32([[[1], [2], [3]]]), np.float32(1000)).astype(np.float32)
    for axis, given in ((2, x.transpose(0, 2, 1)), (1, x)):
        layer = keras.layers.BatchNormalization(axis=axis, momentum=0.0)
        try:
            layer(given, training=True, mask=mask)
            found = f"mean {keras.ops.convert_to_numpy(layer.moving_mean).round(3)}, exactly [1. 2. 3.]"
        except Exception as error:
            found = type(error).__name__
        print(f"{places} places, 3 features along axis {axis}: {found}")
