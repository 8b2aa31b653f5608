# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: In training, dx = gamma / s (dy - mean(dy) - xhat mean(dy xhat)), s = sqrt(var +
# epsilon): the batch's statistics are functions of x.
# Seen: the gradient dx[1, 0] is 2.38418579e-07, exactly 2.70886873e-07; it may be off by 2.1e-15
# and is off by 3.2e-08, 1.55e+07 times the bound; values beyond their bounds: 2 of 2
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
print("dx[1, 0] is", float(dx[1, 0]), "and should be", 2.7088687305709764e-07)
