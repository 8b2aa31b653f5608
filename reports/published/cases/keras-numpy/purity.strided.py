# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Transposed, strided, negative-strided, broadcast, misaligned, read-only and Fortran-
# ordered input gives what a contiguous copy gives.
# Seen: y of broadcast x, beside that of a contiguous copy,[0, 0, 0] is nan, exactly 0.194335938; it
# may be off by 0.011 and is off by nan, infinitely many times the bound; 10 of 10 values are beyond
# theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-08, center=True, scale=True, dtype="float32"
)
layer.build((5, 1, 2))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
layer.moving_mean.assign(np.array([-0.076026015], np.float32))
layer.moving_variance.assign(np.array([1.616493], np.float32))
x = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
x2 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
x2 = np.asfortranarray(x2)
y = layer(keras.ops.convert_to_tensor(x2, "float32"), training=True)
x3 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
x3 = np.ascontiguousarray(x3.T).T
y = layer(keras.ops.convert_to_tensor(x3, "float32"), training=True)
x4 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
x4 = np.repeat(x4, 2, axis=-1)[..., ::2]
y = layer(keras.ops.convert_to_tensor(x4, "float32"), training=True)
x5 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x5, "float32"), training=True)
x6 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x6, "float32"), training=True)
x7 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.49999636, -0.4996354]],
    [[-0.5062701, -0.4999997]],
    [[-0.59051245, 0.8718903]],
    [[-0.48722097, -0.50002605]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x7, "float32"), training=True)
x8 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x8, "float32"), training=True)
x9 = np.array([
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
    [[-0.5000029, -0.5000418]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x9, "float32"), training=True)
print("y[0, 0, 0] is", float(y[0, 0, 0]), "and should be", 0.1943359375)
