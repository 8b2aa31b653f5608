# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Repeating the batch repeats the output.
# Seen: y[1, 0] with the batch twice over is 0.869993448, exactly 0.869993567; it may be off by
# 7.3e-15 and is off by 1.2e-07, 1.64e+07 times the bound; values beyond their bounds: 8 of 8
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
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
x2 = np.array([
    [2.1136326797582874],
    [1.8490255525702015],
    [-2.256666416508379],
    [-0.5853230169630979],
    [2.1136326797582874],
    [1.8490255525702015],
    [-2.256666416508379],
    [-0.5853230169630979],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", 0.8699935674667358)
