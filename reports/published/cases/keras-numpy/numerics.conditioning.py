# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[6, 0] is -1.49455643, exactly -1.49462438; it may be off by 3.8e-05 and is off by 6.8e-05,
# 1.79 times the bound; values beyond their bounds: 4 of 8
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((8, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [30.481934],
    [29.645218],
    [30.639662],
    [30.694765],
    [29.7776],
    [29.521423],
    [28.621992],
    [28.70556],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[6, 0] is", float(y[6, 0]), "and should be", -1.4946243830530472)
