# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Permuting the places of an image permutes the output alike.
# Seen: y[1, 0, 0] with the places in another order is -0.91803205, exactly -0.91803211; it may be
# off by 6.8e-15 and is off by 6e-08, 8.72e+06 times the bound; values beyond their bounds: 4 of 6
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.5, epsilon=0.01, center=True, scale=True, dtype="float64"
)
layer.build((2, 1, 3))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [[0.3126530979288842, -0.19299612810404648, 0.3609930116449899]],
    [[-0.18750000000883066, 0.3127973471899324, -0.19353912077131574]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [[-0.18750000000883066, 0.3127973471899324, -0.19353912077131574]],
    [[0.3126530979288842, -0.19299612810404648, 0.3609930116449899]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x3 = np.array([
    [[0.3126530979288842, 0.3609930116449899, -0.19299612810404648]],
    [[-0.18750000000883066, -0.19353912077131574, 0.3127973471899324]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x3, "float64"), training=True)
print("y[1, 0, 0] is", float(y[1, 0, 0]), "and should be", -0.9180321097373962)
