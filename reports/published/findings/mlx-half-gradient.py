"""MLX, float16: the sums of the gradient overflow above 65,504, so that dx is not a number where it is about 0.

Promised: the gradient of y = (x - mean) / sqrt(var + eps): of the same dy everywhere, dx is 0.
    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html
Happens: the sum of dy is taken in float16, and 128 times 1024 is infinite. In float32 it is not.
Harm: with a scaled loss, as half precision takes, one such batch makes every weight below the layer NaN.
Upstream: not found; searched for float16, BatchNorm, gradient, overflow.
"""

import mlx.core as mx
from mlx import nn

for dtype in (mx.float32, mx.float16):
    layer = nn.BatchNorm(1)
    layer.set_dtype(dtype)
    x = mx.arange(128).reshape(128, 1).astype(dtype) / 64
    dy = mx.full((128, 1), 1024, dtype=dtype)
    _, (dx,) = mx.vjp(lambda x, layer=layer: layer(x), [x], [dy])
    print(f"{dtype}: the first of dx is {dx[0, 0].item():.1f}")
print("exactly 0.0")
