# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Changing gamma[k] or beta[k] changes feature k of the output, by the amount the
# definition says, and no other feature: gamma and beta act as n-vectors.
# Seen: the change of y[0, 0] when beta[0] grows by 1 is 1.00000006, exactly 1; it may be off by
# 5.7e-15 and is off by 6e-08, 1.04e+07 times the bound; values beyond their bounds: 1 of 4
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 2))
try:
    layer.gamma.assign(np.array([1.0, 1.0], np.float64))
except Exception as error:
    print("raised", repr(error))
try:
    layer.beta.assign(np.array([0.0, 0.0], np.float64))
except Exception as error:
    print("raised", repr(error))
x = np.array([
    [3.1136326797582874, 1.5850791503301482],
    [-2.8490255525702013, 0.14010011798082728],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y =", y)
try:
    layer.gamma.assign(np.array([2.0, 1.0], np.float64))
except Exception as error:
    print("raised", repr(error))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y =", y)
try:
    layer.gamma.assign(np.array([1.0, 1.0], np.float64))
except Exception as error:
    print("raised", repr(error))
try:
    layer.beta.assign(np.array([1.0, 0.0], np.float64))
except Exception as error:
    print("raised", repr(error))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y =", y)
