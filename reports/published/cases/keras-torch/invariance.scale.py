# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the
# sign of y - beta.
# Seen: y[0, 0] with -x/2 and epsilon/4 is 27.6837082, exactly 27.683709; it may be off by 5.5e-14
# and is off by 8e-07, 1.46e+07 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer2 = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=2.5e-06, center=True, scale=True, dtype="float64"
)
layer2.build((2, 1))
layer2.gamma.assign(np.array([1.0], np.float64))
layer2.beta.assign(np.array([28.683708591965217], np.float64))
x = np.array([[-1.5568163398791437], [1.4245127762851006]], np.float64)
y = layer2(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 27.683708993012466)
