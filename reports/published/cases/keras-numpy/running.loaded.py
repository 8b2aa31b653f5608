# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Loaded statistics move on from their values, under one of the known conventions.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 0 is
# 2.45387697, exactly 2.45387704; it may be off by 1e-14 and is off by 6.6e-08, 6.52e+06 times the
# bound; values beyond their bounds: 1 of 1
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
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
running_var = np.ravel(keras.ops.convert_to_numpy(layer.moving_variance))
print("running_var[0] is", float(running_var[0]), "and should be", 2.4538770379882258)
