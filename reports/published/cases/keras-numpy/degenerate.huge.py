# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Values whose squares overflow give finite output. The ratio says how far off it is.
# Seen: y[0, 0] is nan, exactly 1; values that are not finite: 2 of 2
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
x = np.array([[3.764151e+24], [-3.4442605e+24]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.0)
