# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Permuting the samples permutes the output alike.
# Seen: y, with the samples in another order,[2, 0] is -1.39869666, exactly -1.39869571; it may be
# off by 1.9e-14 and is off by 9.5e-07, 5.13e+07 times the bound; 3 of 3 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((3, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[1.4819327770949604], [0.6452171319044283], [1.6396610366892967]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([[1.4819327770949604], [1.6396610366892967], [0.6452171319044283]], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -1.398695707321167)
