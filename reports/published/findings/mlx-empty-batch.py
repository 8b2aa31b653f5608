"""MLX: one empty batch turns the running statistics to NaN, for good.

Promised: "track the running mean and variance".
    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html
Happens: the mean of nothing is NaN, and it is averaged in. One value per feature is refused with a clear error,
    none is not.
"""

import mlx.core as mx
from mlx import nn

layer = nn.BatchNorm(1)
for rows in (4, 0, 4):
    layer(mx.ones((rows, 1)))
    print(f"after {rows} rows: running mean {layer.running_mean.item():g}")
