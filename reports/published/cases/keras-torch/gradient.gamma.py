# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: In training, dgamma = sum(dy xhat) for each feature.
# Seen: the gradient of gamma, dgamma[0] is -0.458797067, exactly -0.457756253; it may be off by
# 0.00024 and is off by 0.001, 4.28 times the bound; 1 of 1 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-08, center=True, scale=True, dtype="float32"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[0.4968222], [0.49401084]], np.float32)
dy = np.array([[0.018315295], [0.4772284]], np.float32)
t = keras.ops.convert_to_tensor(x, "float32").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy, "float32")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("dgamma[0] is", float(dgamma[0]), "and should be", -0.45775625279716076)
