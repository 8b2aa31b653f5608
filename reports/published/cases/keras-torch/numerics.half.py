# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[0, 0] is nan, exactly 0; it may be off by 0.0089; values beyond their bounds: 10 of 10
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-08, center=True, scale=True, dtype="float16"
)
layer.build((10, 1))
layer.gamma.assign(np.array([1.0], np.float16))
layer.beta.assign(np.array([0.0], np.float16))
x = np.full((10, 1), 0.8286, np.float16)
y = layer(keras.ops.convert_to_tensor(x, "float16"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
