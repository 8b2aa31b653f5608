# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[4, 0] is 1.50879145, exactly 1.50880162; it may be off by 9.5e-06 and is off by 1e-05,
# 1.07 times the bound; 1 of 11 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((11, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [-7.060264],
    [-8.526545],
    [-8.530773],
    [-7.247196],
    [-6.252039],
    [-9.49723],
    [-7.1093426],
    [-7.5019455],
    [-9.160418],
    [-8.060655],
    [-6.5662003],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[4, 0] is", float(y[4, 0]), "and should be", 1.5088016156359099)
