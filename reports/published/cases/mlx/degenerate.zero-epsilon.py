# MLX nn.BatchNorm 0.32.4
# Required: epsilon = 0 works where var > 0.
# Seen: build raised ValueError: [BatchNorm] 'eps' must be positive but got 0.0.
import mlx.core as mx
import mlx.nn as nn
import numpy as np

mx.set_default_device(mx.cpu)

layer = nn.BatchNorm(1, eps=0.0, momentum=0.9, affine=True)
layer.set_dtype(mx.float32)
