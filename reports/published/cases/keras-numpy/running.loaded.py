# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Statistics that were loaded move on from there, under one of the known conventions.
# Seen: no convention in use explains the running statistics. Closest is: momentum is the weight
# kept, biased variance; there, after 1 step, running variance [0] is 1.56679499, exactly
# 1.56679509; it may be off by 2.6e-15 and is off by 9.9e-08, 3.81e+07 times the bound; 1 of 1
# values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([[2.1136326797582874], [1.8490255525702015]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
running_var = np.ravel(keras.ops.convert_to_numpy(layer.moving_variance))
print("running_var[0] is", float(running_var[0]), "and should be", 1.566795090351134)
