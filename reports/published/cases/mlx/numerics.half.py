# MLX nn.BatchNorm 0.32.4
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[0, 0] is nan, exactly 0; it may be off by 0.0091; values beyond their bounds: 2 of 2
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=1e-08, momentum=0.9, affine=True)
layer.set_dtype(mx.float16)
layer.weight = mx.array(np.array([1.0], np.float16), mx.float16)
layer.bias = mx.array(np.array([0.0], np.float16), mx.float16)
x = np.array([[0.957], [0.957]], np.float16)
y = layer.train(True)(mx.array(x, mx.float16))
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
