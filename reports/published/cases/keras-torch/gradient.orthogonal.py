# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: For each feature dx sums to 0, and dx . xhat = gamma / s sum(dy xhat) epsilon / (var +
# epsilon).
# Seen: dx . xhat over feature 0 is -5.06639196e-07, exactly -5.41773441e-07; it may be off by
# 4.4e-15 and is off by 3.5e-08, 7.97e+06 times the bound; values beyond their bounds: 1 of 1
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
dy = np.array([[-1.5772825959433638], [-0.14163299986026284]], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
