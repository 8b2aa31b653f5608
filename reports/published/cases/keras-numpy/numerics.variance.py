# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Finite, well-scaled input never gives NaN or infinity: the computed variance is not
# negative.
# Seen: y[0, 0] of a feature whose mean is 1e+06 times its standard deviation is nan, although x and
# the exact output are finite; values that are not finite: 3 of 3
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((3, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[999999.0], [999999.0], [1.000001e+06]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]))
