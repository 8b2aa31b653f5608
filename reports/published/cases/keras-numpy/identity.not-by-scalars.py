# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: With one scalar pair per layer the best reachable error on features of different mean
# and variance is the known residual; with n-vectors it is zero.
# Seen: y, which n-vectors of gamma and beta should make x,[1, 0] is 1.84902453, exactly 1.84902555;
# it may be off by 4.7e-15 and is off by 1e-06, 2.17e+08 times the bound; 4 of 4 values are beyond
# theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 2))
layer.gamma.assign(np.array([0.132341350075035, 0.7224964366571609], np.float64))
layer.beta.assign(np.array([1.9813291161642446, 0.8625896341554877], np.float64))
x = np.array([
    [2.1136326797582874, 1.5850791503301482],
    [1.8490255525702015, 0.14010011798082728],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", 1.8490255525702015)
