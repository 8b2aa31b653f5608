# MLX nn.BatchNorm 0.32.4
# Required: Loading n + 1 values or an (n, m) matrix, or applying the layer to n + 1 features, is an
# error that can be read: not a crash, not a silent broadcast.
# Seen: a layer of 1 feature was applied to x of shape (2, 2), axis 1, which has 2, without an
# error: y has shape (2, 2)
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer6 = nn.BatchNorm(1, eps=1e-05, momentum=0.9, affine=True)
layer6.set_dtype(mx.float32)
layer6.weight = mx.array(np.array([1.0], np.float32), mx.float32)
layer6.bias = mx.array(np.array([0.0], np.float32), mx.float32)
layer6.running_mean = mx.array(np.array([0.6327895], np.float32), mx.float32)
layer6.running_var = mx.array(np.array([1.7389386], np.float32), mx.float32)
x = np.array([[3.1136327, 3.1136327], [-2.8490255, -2.8490255]], np.float32)
y = layer6.train(True)(mx.array(x, mx.float32))
print("y =", y)
