# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: gamma = sqrt(var + epsilon), beta = mean of the running statistics give back x, in
# inference.
# Seen: y[1, 0], which should be x[1, 0], is -2.84902525, exactly -2.84902555; it may be off by
# 4.5e-15 and is off by 3e-07, 6.79e+07 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.3186919900245253], np.float64))
layer.beta.assign(np.array([0.6327894972297581], np.float64))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=False)
print("y[1, 0] is", float(y[1, 0]), "and should be", -2.8490255525702013)
