# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the
# sign of y - beta.
# Seen: y, with -x/2 and epsilon/4,[1, 0] is 29.6834297, exactly 29.6834305; it may be off by
# 1.3e-13 and is off by 8e-07, 6.19e+06 times the bound; 2 of 2 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer2 = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=2.5e-06, center=True, scale=True, dtype="float64"
)
layer2.build((2, 1))
layer2.gamma.assign(np.array([1.0], np.float64))
layer2.beta.assign(np.array([28.683708591965217], np.float64))
x = np.array([[-1.0568163398791437], [-0.9245127762851008]], np.float64)
y = layer2(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", 29.683430520112076)
