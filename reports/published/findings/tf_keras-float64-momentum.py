"""Keras 2: a layer of dtype float64 moves its statistics by a factor rounded to float32.

Promised: moving_mean = moving_mean * momentum + mean(batch) * (1 - momentum).
    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization
Happens: 1 - momentum becomes a float32 tensor and is then widened, so that 0.1 is 0.10000000149.
Harm: none for training; statistics of float64 agree with another framework's to eight digits and no more.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras

layer = tf_keras.layers.BatchNormalization(momentum=0.9, dtype="float64")
layer(np.ones((2, 1)), training=True)
print(f"moving_mean = {layer.moving_mean.numpy()[0]:.17f}, exactly 0.1 in {layer.moving_mean.dtype.name}")
