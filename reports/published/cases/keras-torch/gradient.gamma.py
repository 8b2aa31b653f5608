# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: In training, dgamma = sum(dy xhat) for each feature.
# Seen: the gradient dgamma[0] is -1.4356488, exactly -1.43564879; it may be off by 8e-15 and is off
# by 1e-08, 1.31e+06 times the bound; values beyond their bounds: 1 of 1
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
print("dgamma[0] is", float(dgamma[0]), "and should be", -1.4356487884794977)
