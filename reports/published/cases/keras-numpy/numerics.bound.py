# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[5, 1] is 1.50223255, exactly 1.50224525; it may be off by 9.8e-06 and is off by 1.3e-05,
# 1.29 times the bound; values beyond their bounds: 2 of 18
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((9, 2))
layer.gamma.assign(np.array([1.0, 1.0], np.float32))
layer.beta.assign(np.array([0.0, 0.0], np.float32))
x = np.array([
    [-0.08481065, 8.585614],
    [-1.4348831, 7.1719003],
    [-0.8119517, 7.1102943],
    [0.15344676, 6.6964955],
    [0.038427763, 8.970737],
    [1.2905016, 9.371004],
    [-0.25440553, 7.0244794],
    [-0.32113874, 8.882041],
    [1.1135858, 7.6526966],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[5, 1] is", float(y[5, 1]), "and should be", 1.5022452452478472)
