"""Keras: with a mask and a single feature, training raises an error.

Promised: a mask for "input tensor (of any rank)"; no number of features is excluded.
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: mean and variance are squeezed of all axes of extent 1, and so of that of the features, to scalars, which the
    function that normalises has no use for. On TensorFlow with the axis left at -1 it does not matter.
Harm: a layer that works with two features does not with one.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

for features in (2, 1):
    layer = keras.layers.BatchNormalization()
    x = np.arange(4 * features, dtype=np.float32).reshape(4, features)
    try:
        layer(x, training=True, mask=np.array([True, True, False, True]))
        print(f"{features} features: normalised")
    except Exception as error:
        print(f"{features} features: {type(error).__name__}")
