# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: Every output is that of the definition, whatever came before, however large and wherever
# in memory x is.
# Seen: y[0, 0] in training is nan, exactly 0; it may be off by 0.0096; values beyond their bounds:
# 6 of 6
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=1.0, epsilon=0.0001, center=True, scale=True, dtype="float32"
)
layer.build((6, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.full((6, 1), -100.54365, np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
