# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[0, 1] is 2.05390143, exactly 2.05389356; it may be off by 7.5e-06 and is off by 7.9e-06,
# 1.05 times the bound; values beyond their bounds: 1 of 18
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((9, 2))
layer.gamma.assign(np.array([1.0, 1.0], np.float32))
layer.beta.assign(np.array([0.0, 0.0], np.float32))
x = np.array([
    [-0.08481065, 10.900424],
    [-1.4348831, 9.313178],
    [-0.8119517, 6.1269503],
    [0.15344676, 7.3294697],
    [0.038427763, 6.817223],
    [1.2905016, 6.4440722],
    [-0.25440553, 8.063086],
    [-0.32113874, 8.806349],
    [1.1135858, 7.710365],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 1] is", float(y[0, 1]), "and should be", 2.0538935574981996)
