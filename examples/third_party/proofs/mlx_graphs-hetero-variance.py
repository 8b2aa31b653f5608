"""mlx-graphs' HeteroBatchNormalization computes E[x^2] - E[x]^2, and takes epsilon for the least variance."""

import mlx.core as mx
from mlx_graphs.nn.norm import BatchNormalization, HeteroBatchNormalization

kinds = mx.zeros(4, mx.int32)
for x in (mx.array([[1.0], [2.0], [3.0], [4.0]]), mx.array([[9999.0], [10000.0], [10001.0], [10002.0]])):
    y = HeteroBatchNormalization(1, 1, eps=0.5)(x, kinds)
    print(
        "of one type:",
        y.reshape(-1).tolist(),
        "plain:",
        BatchNormalization(1, eps=0.5)(x).reshape(-1).tolist(),
    )
