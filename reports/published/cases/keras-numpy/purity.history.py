# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: The result of a call depends on no earlier call, except on what was loaded and, in
# inference, on the running statistics. Training, inference, backward and load may come in any
# order.
# Seen: after load, training, training, load, inference, training, load: y[1, 0] is -4.32634926,
# exactly -4.32634949; it may be off by 5.3e-15 and is off by 2.4e-07, 4.45e+07 times the bound;
# values beyond their bounds: 2 of 2
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
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([[1.8846842764176972], [-1.4750348086375005]], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x3 = np.array([[0.3139764953050798], [-0.48790573062517495]], np.float64)
y = layer(keras.ops.convert_to_tensor(x3, "float64"), training=False)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.211246980384975], np.float64))
layer.moving_variance.assign(np.array([0.5003435769729769], np.float64))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=False)
print("y[1, 0] is", float(y[1, 0]), "and should be", -4.326349493442483)
