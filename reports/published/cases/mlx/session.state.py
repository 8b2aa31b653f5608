# MLX nn.BatchNorm 0.32.4
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after a load, training on an empty batch; it should be 0.632789493,
# as it was
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=1e-05, momentum=0.9, affine=True)
layer.set_dtype(mx.float32)
layer.weight = mx.array(np.array([1.0], np.float32), mx.float32)
layer.bias = mx.array(np.array([0.0], np.float32), mx.float32)
layer.running_mean = mx.array(np.array([0.6327895], np.float32), mx.float32)
layer.running_var = mx.array(np.array([1.7389386], np.float32), mx.float32)
x = np.zeros((0, 1), np.float32)
y = layer.train(True)(mx.array(x, mx.float32))
running_mean = np.ravel(np.array(layer.running_mean))
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
