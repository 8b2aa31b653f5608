# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Finite, well-scaled input never gives NaN or infinity: the computed variance is not
# negative.
# Seen: y[0, 0, 0] of a feature whose mean is 10000 times its standard deviation is nan, although x
# and the exact output are finite; values that are not finite: 6 of 12
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((3, 2, 2))
layer.gamma.assign(np.array([1.0, 1.0], np.float32))
layer.beta.assign(np.array([0.0, 0.0], np.float32))
x = np.array([
    [[9998.941, 9999.209], [-1.9558251, 0.26836005]],
    [[10002.358, 10000.33], [-0.82796764, 1.0502355]],
    [[9999.9, 10001.95], [0.98344946, -0.75647724]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0, 0] is", float(y[0, 0, 0]))
