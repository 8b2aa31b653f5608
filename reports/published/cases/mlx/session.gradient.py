# MLX nn.BatchNorm 0.32.4
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dx[0, 0] after a training call is -inf, exactly 0; it may be off by 3.1e+03;
# values beyond their bounds: 3 of 3
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=0.001, momentum=0.9, affine=True)
layer.set_dtype(mx.float16)
layer.weight = mx.array(np.array([1.0], np.float16), mx.float16)
layer.bias = mx.array(np.array([0.0], np.float16), mx.float16)
x = np.array([[0.957], [0.957], [0.957]], np.float16)
dy = np.array([[1.024e+03], [1.024e+03], [1.024e+03]], np.float16)
def call(t, weight, bias):
    layer.update({"weight": weight, "bias": bias})
    return layer(t)


layer.train(True)
(y,), (dx, dgamma, dbeta) = mx.vjp(
    call, [mx.array(x, mx.float16), layer.weight, layer.bias], [mx.array(dy, mx.float16)]
)
print("dx[0, 0] is", float(dx[0, 0]), "and should be", 0.0)
