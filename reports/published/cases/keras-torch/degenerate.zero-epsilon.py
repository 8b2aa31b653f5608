# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: epsilon = 0 works where var > 0.
# Seen: y[0, 0] is 1.01672995, exactly 1.01673001; it may be off by 2.7e-15 and is off by 6.2e-08,
# 2.34e+07 times the bound; values beyond their bounds: 4 of 4
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=0.0, center=True, scale=True, dtype="float64"
)
layer.build((4, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [2.1136326797582874],
    [1.8490255525702015],
    [-2.256666416508379],
    [-0.5853230169630979],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.0167300133048716)
