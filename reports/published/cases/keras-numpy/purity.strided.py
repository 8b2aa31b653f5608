# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Transposed, strided, negative-strided, broadcast, misaligned, read-only and Fortran-
# ordered input gives what a contiguous copy gives.
# Seen: y of fortran x, beside that of a contiguous copy,[1, 0, 0] is 0.0896275938, exactly
# 0.0896276385; it may be off by 1.8e-15 and is off by 4.5e-08, 2.43e+07 times the bound; 3 of 4
# values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=2, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 2, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.5806979423268698], np.float64))
layer.moving_variance.assign(np.array([2.503899480389037], np.float64))
x = np.array([
    [[1.2509109006131929], [0.9724549785143444]],
    [[0.1578604045839429], [-2.2426590476100885]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [[1.2509109006131929], [0.9724549785143444]],
    [[0.1578604045839429], [-2.2426590476100885]],
], np.float64)
x2 = np.asfortranarray(x2)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0, 0] is", float(y[1, 0, 0]), "and should be", 0.08962763845920563)
