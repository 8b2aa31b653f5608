# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: The result of a call depends on no earlier call, except on what was loaded and, in
# inference, on the running statistics. Training, inference, backward and load may come in any
# order.
# Seen: after load, training, backward, training: the gradient dbeta[0] is 2.34472799, exactly
# 2.34472784; it may be off by 3.4e-15 and is off by 1.6e-07, 4.59e+07 times the bound; values
# beyond their bounds: 1 of 1
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
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
x2 = np.array([[1.8846842764176972], [-1.4750348086375005]], np.float64)
dy2 = np.array([[1.3031874585015304], [1.0415403790806306]], np.float64)
t = keras.ops.convert_to_tensor(x2, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy2, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("dbeta[0] is", float(dbeta[0]), "and should be", 2.3447278375821607)
