# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Permuting the samples permutes the output alike.
# Seen: y[2, 0] with the samples in another order is -0.286144704, exactly -0.286144644; it may be
# off by 4e-15 and is off by 6e-08, 1.49e+07 times the bound; values beyond their bounds: 6 of 6
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((6, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [-0.734720136560566],
    [1.3456384348148007],
    [-0.8786260302420608],
    [0.7744285027416787],
    [0.025166411672738365],
    [1.1057424206831334],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [-0.734720136560566],
    [1.1057424206831334],
    [0.025166411672738365],
    [0.7744285027416787],
    [-0.8786260302420608],
    [1.3456384348148007],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -0.2861446440219879)
