# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the
# sign of y - beta.
# Seen: y[0, 0] with -x/2 and epsilon/4 is -0.999780655, exactly -0.999780594; it may be off by
# 7.8e-15 and is off by 6.1e-08, 7.89e+06 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer2 = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=2.5e-06, center=True, scale=True, dtype="float64"
)
layer2.build((2, 1))
layer2.gamma.assign(np.array([1.0], np.float64))
layer2.beta.assign(np.array([0.00021883932946750807], np.float64))
x = np.array([[-1.5568163398791437], [1.4245127762851006]], np.float64)
y = layer2(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", -0.9997805935502324)
