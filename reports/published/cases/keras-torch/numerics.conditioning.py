# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[2, 0] is -1.82738018, exactly -1.82734797; it may be off by 2.2e-05 and is off by 3.2e-05,
# 1.49 times the bound; values beyond their bounds: 2 of 8
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((8, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [32.113632],
    [31.849026],
    [27.743334],
    [29.414677],
    [30.985327],
    [30.193407],
    [30.761974],
    [29.058758],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -1.8273479695963761)
