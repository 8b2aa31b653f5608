# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: With gamma 1 and beta 0 each feature of y has mean 0 and variance var / (var + epsilon).
# Seen: the variance of feature 0 is 0.999998987, exactly 0.999998875; it may be off by 6e-15 and is
# off by 1.1e-07, 1.85e+07 times the bound; values beyond their bounds: 1 of 1
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y =", y)
