# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Repeating the batch repeats the output.
# Seen: y, with the batch twice over,[3, 0] is 0.249399185, exactly 0.249399304; it may be off by
# 6.5e-15 and is off by 1.2e-07, 1.83e+07 times the bound; 8 of 8 values are beyond theirs
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
    [-1.4634264728983906],
    [-1.4053619644652877],
    [0.4341491488532446],
    [-0.5551146723390485],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [-1.4634264728983906],
    [-1.4053619644652877],
    [0.4341491488532446],
    [-0.5551146723390485],
    [-1.4634264728983906],
    [-1.4053619644652877],
    [0.4341491488532446],
    [-0.5551146723390485],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[3, 0] is", float(y[3, 0]), "and should be", 0.2493993043899536)
