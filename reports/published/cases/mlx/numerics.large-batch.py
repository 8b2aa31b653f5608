# MLX nn.BatchNorm 0.32.4
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is 0.000288384239, exactly 0; it may be off by 6e-05 and is off by 0.00029, 4.8
# times the bound; values beyond their bounds: 900 of 900
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=0.001, momentum=0.1, affine=True)
layer.set_dtype(mx.float32)
layer.weight = mx.array(np.array([1.0], np.float32), mx.float32)
layer.bias = mx.array(np.array([0.0], np.float32), mx.float32)
x = np.full((900, 1), 0.83883595, np.float32)
y = layer.train(True)(mx.array(x, mx.float32))
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
