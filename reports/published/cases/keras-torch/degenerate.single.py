# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: One value per feature in training gives beta, or a clear error.
# Seen: y[0, 0] is 0.22409147, exactly 0.224091473; it may be off by 1.2e-12 and is off by 3.1e-09,
# 2.64e+03 times the bound; values beyond their bounds: 1 of 1
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((1, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.22409147337472826], np.float64))
x = np.array([[2.1136326797582874]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.22409147337472826)
