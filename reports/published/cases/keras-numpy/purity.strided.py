# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Transposed, strided, negative-strided, broadcast, misaligned, read-only and Fortran-
# ordered input gives what a contiguous copy gives.
# Seen: y[1, 0, 0] for fortran x, compared with a contiguous copy, is -0.646936953, exactly
# -0.646937013; it may be off by 3.7e-15 and is off by 6e-08, 1.6e+07 times the bound; values beyond
# their bounds: 3 of 6
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1, 3))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([
    [[2.1136326797582874, 1.8490255525702015, -2.256666416508379]],
    [[-0.5853230169630979, 0.985325900502019, 0.19340740678809545]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [[2.1136326797582874, 1.8490255525702015, -2.256666416508379]],
    [[-0.5853230169630979, 0.985325900502019, 0.19340740678809545]],
], np.float64)
x2 = np.asfortranarray(x2)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0, 0] is", float(y[1, 0, 0]), "and should be", -0.6469370126724243)
