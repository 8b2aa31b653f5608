# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[0, 1] is 3.30992937, exactly 3.30997388; it may be off by 2.8e-05 and is off by 4.5e-05,
# 1.6 times the bound; 1 of 72 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((36, 2))
layer.gamma.assign(np.array([1.0, 1.0], np.float32))
layer.beta.assign(np.array([0.0, 0.0], np.float32))
x = np.array([
    [-0.08481065, -5.099576],
    [-1.4348831, -6.6868224],
    [-0.8119517, -9.87305],
    [0.15344676, -8.67053],
    [0.038427763, -9.182777],
    [1.2905016, -9.555928],
    [-0.25440553, -7.936914],
    [-0.32113874, -7.193651],
    [1.1135858, -8.289636],
    [0.09398152, -8.166979],
    [0.7671281, -7.939451],
    [-0.8469172, -8.803442],
    [1.3455532, -7.9792795],
    [0.7556843, -7.79618],
    [0.54322165, -7.3219643],
    [1.0003376, -8.16941],
    [-0.683771, -8.764115],
    [0.16901344, -8.255357],
    [-2.3963702, -7.8554335],
    [-2.47904, -8.699972],
    [-0.31191504, -9.194326],
    [0.4364749, -7.5111165],
    [0.16853772, -7.371809],
    [0.9775822, -8.880192],
    [-2.0641048, -7.9425964],
    [-0.91172117, -7.767134],
    [1.1596252, -6.66227],
    [1.5622445, -7.4852424],
    [-1.8185, -8.143906],
    [-2.0812044, -8.330177],
    [1.6679869, -8.2409],
    [-1.625912, -8.079102],
    [-0.41519955, -8.840548],
    [-0.3889027, -7.9574227],
    [-1.4381603, -6.7408166],
    [0.07727839, -8.599304],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 1] is", float(y[0, 1]), "and should be", 3.3099738781123933)
