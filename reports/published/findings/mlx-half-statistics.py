"""MLX: statistics of float16 and bfloat16 input are computed and kept in half precision.

Promised: the definition, for arrays of any floating dtype; no loss is documented.
    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html
Happens: squares above 65504 overflow, and then y is 0 or NaN, although x and the exact y are small; three digits are
    left of what is well scaled. Other frameworks compute the statistics in float32 and round y.
Harm: activations of some hundreds, common enough, lose their signal in float16.
"""

import mlx.core as mx
from mlx import nn

mx.set_default_device(mx.cpu)
for size in (1, 100, 300):
    x = size * mx.array([[-1.0], [1.0], [-1.0], [1.0]])
    found = [nn.BatchNorm(1)(x.astype(dtype)).flatten().tolist()[:2] for dtype in (mx.float32, mx.float16)]
    print(f"x = +-{size}: y = {found[0]} in float32, {found[1]} in float16")
x = mx.array([[2.11328125], [1.84863281]])
print([nn.BatchNorm(1, eps=1e-3)(x.astype(t)).flatten().tolist() for t in (mx.float32, mx.float16)])
