# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Permuting the samples permutes the output alike.
# Seen: y, with the samples in another order,[2, 0] is -1.72786164, exactly -1.72786152; it may be
# off by 1.1e-14 and is off by 1.2e-07, 1.09e+07 times the bound; 1 of 4 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=0.001, center=True, scale=True, dtype="float64"
)
layer.build((4, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [-2.211023537098289],
    [0.6395553206976117],
    [0.863831797057789],
    [0.8222589833275794],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [0.863831797057789],
    [0.6395553206976117],
    [-2.211023537098289],
    [0.8222589833275794],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -1.7278615236282349)
