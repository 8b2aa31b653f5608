"""MLX on the CPU: the error of the mean grows with the batch.

Promised: the mean and the variance of the batch.
    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html
Happens: float32 sums over the batch run over all N values one after the other, so that on constant features the
    roundings all go the same way, as in PyTorch and TensorFlow.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import mlx.core as mx
from mlx import nn

mx.set_default_device(mx.cpu)

for n in (10**4, 10**5, 10**6, 10**7):
    y = nn.BatchNorm(2)(mx.full((n, 2), 0.1))[0, 0]
    print(f"N = {n:>10,}: y = {float(y):9.6f}, exactly 0")
