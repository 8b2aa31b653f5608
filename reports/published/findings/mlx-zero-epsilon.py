"""MLX: epsilon = 0 is refused.

Promised: "eps: a small additive constant for numerical stability. Default: 1e-5". No limit is documented.
    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html
Happens: a ValueError when the layer is made.
Harm: little; the error says what to do. Other frameworks take 0.
"""

from mlx import nn

try:
    print(nn.BatchNorm(1, eps=0.0))
except ValueError as error:
    print(error)
