# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: No gradient is NaN or infinite where the exact one is finite and well scaled.
# Seen: dx[0, 0, 0] is nan, although x, dy and the exact gradient are finite
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
dy = np.array([
    [[-0.64161676, -0.7714889], [-0.3261867, -0.0075322646]],
    [[-0.50698745, -0.13909581], [1.1998236, 0.9286357]],
    [[0.66291857, 0.815916], [-0.4666304, -0.98389876]],
], np.float32)
t = keras.ops.convert_to_tensor(x, "float32").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy, "float32")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("dx[0, 0, 0] is", float(dx[0, 0, 0]))
