# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Repeating the batch repeats the output.
# Seen: y, with the batch twice over,[2, 0] is -1.41214883, exactly -1.41214895; it may be off by
# 9.8e-15 and is off by 1.2e-07, 1.21e+07 times the bound; 4 of 6 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((3, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[2.1136326797582874], [1.8490255525702015], [-2.256666416508379]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [2.1136326797582874],
    [1.8490255525702015],
    [-2.256666416508379],
    [2.1136326797582874],
    [1.8490255525702015],
    [-2.256666416508379],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -1.4121489524841309)
