"""MLX: a layer for one feature takes any number of them, and its statistics change their shape.

Promised: "num_features: the feature dimension to normalize over"; "learned per feature dimension parameters".
    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html
Happens: the extent of x is not compared with num_features, so that one gamma is broadcast over all features, and the
    running statistics, of shape (1,) before, are of shape (3,) after.
Harm: a mistake in a shape passes unseen, and the layer can no longer load the weights it saved before.
"""

import mlx.core as mx
from mlx import nn

layer = nn.BatchNorm(num_features=1)
print("before:", {name: value.shape for name, value in layer.parameters().items()})
print("y:     ", layer(mx.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])).shape)
print("after: ", {name: value.shape for name, value in layer.parameters().items()})
