# MLX nn.BatchNorm 0.32.4
# Required: Values whose squares overflow give finite output, as far from the exact one as the ratio
# says.
# Seen: y[0, 0] is nan, exactly 1.54224; 25 of 25 values are lost
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=0.001, momentum=0.9, affine=True)
layer.set_dtype(mx.float16)
layer.weight = mx.array(np.array([1.0], np.float16), mx.float16)
layer.bias = mx.array(np.array([0.0], np.float16), mx.float16)
x = np.array([
    [6.376e+03],
    [5.836e+03],
    [-2.574e+03],
    [849.5],
    [4.066e+03],
    [2.444e+03],
    [3.608e+03],
    [120.3],
    [3.078e+03],
    [3.876e+03],
    [3.052e+03],
    [-2.948e+03],
    [2.92e+03],
    [3.252e+03],
    [3.9e+03],
    [2.816e+03],
    [2.112e+03],
    [4.564e+03],
    [3.024e+03],
    [-167.9],
    [2.636e+03],
    [4.054e+03],
    [5.02e+03],
    [1.596e+03],
    [6.524e+03],
], np.float16)
y = layer.train(True)(mx.array(x, mx.float16))
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.5422357534086444)
