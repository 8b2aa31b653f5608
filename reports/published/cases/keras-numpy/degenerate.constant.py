# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: A constant feature gives beta, within the bound.
# Seen: y[1, 0] is -0.999343872, exactly -0.999714478; it may be off by 8.7e-05 and is off by
# 0.00037, 4.27 times the bound; 2 of 2 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[12.113633], [11.849026]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9997144777904646)
