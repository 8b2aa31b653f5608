# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Repeating the batch repeats the output.
# Seen: y, with the batch twice over,[1, 0] is -0.0234650522, exactly -0.0234651119; it may be off
# by 2.7e-15 and is off by 6e-08, 2.21e+07 times the bound; 4 of 8 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((4, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [1.5850791503301482],
    [0.14010011798082728],
    [-0.5062474551825592],
    [-0.5769978826178874],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [1.5850791503301482],
    [0.14010011798082728],
    [-0.5062474551825592],
    [-0.5769978826178874],
    [1.5850791503301482],
    [0.14010011798082728],
    [-0.5062474551825592],
    [-0.5769978826178874],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.0234651118516922)
