# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Transposed, strided, negative-strided, broadcast, misaligned, read-only and Fortran-
# ordered input gives what a contiguous copy gives.
# Seen: dgamma[0] for fortran dy, compared with a contiguous copy, is -2.84037137, exactly
# -2.84037113; it may be off by 2.7e-14 and is off by 2.4e-07, 8.71e+06 times the bound; values
# beyond their bounds: 1 of 1
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1, 2))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y =", y)
x2 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
x2 = np.asfortranarray(x2)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y =", y)
x3 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
x3 = np.ascontiguousarray(x3.T).T
y = layer(keras.ops.convert_to_tensor(x3, "float64"), training=True)
print("y =", y)
x4 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
x4 = np.repeat(x4, 2, axis=-1)[..., ::2]
y = layer(keras.ops.convert_to_tensor(x4, "float64"), training=True)
print("y =", y)
x5 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x5, "float64"), training=True)
print("y =", y)
x6 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
x6 = np.concatenate([x6[:1], x6])[1:]
y = layer(keras.ops.convert_to_tensor(x6, "float64"), training=True)
print("y =", y)
x7 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x7, "float64"), training=True)
print("y =", y)
x8 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x8, "float64"), training=True)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y =", y)
x9 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[-2.256666416508379, -0.5853230169630979]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x9, "float64"), training=True)
print("y =", y)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x3, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x4, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x5, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x6, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x7, "float64"), training=False)
print("y =", y)
y = layer(keras.ops.convert_to_tensor(x8, "float64"), training=False)
print("y =", y)
x10 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[2.1136326797582874, 1.8490255525702015]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x10, "float64"), training=False)
print("y =", y)
x11 = np.array([
    [[2.1136326797582874, 1.8490255525702015]],
    [[2.1136326797582874, 1.8490255525702015]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x11, "float64"), training=False)
print("y =", y)
dy = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy2 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
dy2 = np.asfortranarray(dy2)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy2, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy3 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
dy3 = np.ascontiguousarray(dy3.T).T
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy3, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy4 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
dy4 = np.repeat(dy4, 2, axis=-1)[..., ::2]
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy4, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy5 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy5, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy6 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
dy6 = np.concatenate([dy6[:1], dy6])[1:]
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy6, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy7 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy7, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy8 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[0.509894656895699, 0.825456892076057]],
], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy8, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy9 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[-1.5772825959433638, -0.14163299986026284]],
], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy9, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
dy10 = np.array([
    [[-1.5772825959433638, -0.14163299986026284]],
    [[-1.5772825959433638, -0.14163299986026284]],
], np.float64)
t = keras.ops.convert_to_tensor(x, "float64").requires_grad_()
y = layer(t, training=True)
upstream = keras.ops.convert_to_tensor(dy10, "float64")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.gamma.value, layer.beta.value], upstream)
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
