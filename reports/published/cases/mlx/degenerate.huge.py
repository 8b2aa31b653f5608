# MLX nn.BatchNorm 0.32.4
# Required: Values whose squares overflow give finite output. The ratio says how far off it is.
# Seen: y[0, 0] is nan, exactly 1.5149; values that are not finite: 14 of 14
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=0.001, momentum=0.9, affine=True)
layer.set_dtype(mx.float16)
layer.weight = mx.array(np.array([1.0], np.float16), mx.float16)
layer.bias = mx.array(np.array([0.0], np.float16), mx.float16)
x = np.array([
    [7.344e+03],
    [4.384e+03],
    [3.06e+03],
    [2.914e+03],
    [424.2],
    [4.9e+03],
    [5.5e+03],
    [4.97e+03],
    [4.37e+03],
    [4.12e+03],
    [7.276e+03],
    [5.49e+03],
    [4.644e+03],
    [6.412e+03],
], np.float16)
y = layer.train(True)(mx.array(x, mx.float16))
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.5149000679507463)
