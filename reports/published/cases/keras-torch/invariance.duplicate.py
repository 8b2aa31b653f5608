# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Repeating the batch repeats the output.
# Seen: y[1, 0] with the batch twice over is -0.999990582, exactly -0.999990523; it may be off by
# 7.7e-15 and is off by 6e-08, 7.78e+06 times the bound; values beyond their bounds: 2 of 4
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[0.9967432276040219], [-0.4604988597807837]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [0.9967432276040219],
    [-0.4604988597807837],
    [0.9967432276040219],
    [-0.4604988597807837],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9999905228614807)
