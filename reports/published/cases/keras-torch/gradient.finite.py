# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: No gradient is NaN or infinite where the exact one is finite and well scaled.
# Seen: dx[0, 0] is nan, although x, dy and the exact gradient are finite
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((3, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[999998.6], [999999.6], [999999.5]], np.float32)
dy = np.array([[0.011205895], [-0.20310685], [1.4488641]], np.float32)
t = keras.ops.convert_to_tensor(x, "float32").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy, "float32")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("dx[0, 0] is", float(dx[0, 0]))
