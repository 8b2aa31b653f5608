# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: With fixed statistics dx = gamma / s dy, dgamma = sum(dy xhat), dbeta = sum(dy).
# Seen: the gradient dx[0, 0] is -1.19609618, exactly -1.19609629; it may be off by 1.5e-15 and is
# off by 1.1e-07, 7.35e+07 times the bound; values beyond their bounds: 2 of 2
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
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
dy = np.array([[-1.5772825959433638], [-0.14163299986026284]], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=False)
upstream = keras.ops.convert_to_tensor(dy, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("dx[0, 0] is", float(dx[0, 0]), "and should be", -1.1960962892585927)
