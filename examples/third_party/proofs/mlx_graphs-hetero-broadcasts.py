"""mlx-graphs' HeteroBatchNormalization: a layer of one feature takes a batch of two, and broadcasts."""

import mlx.core as mx
from mlx_graphs.nn.norm import HeteroBatchNormalization

y = HeteroBatchNormalization(1, 1)(mx.ones((4, 2)), mx.zeros(4, mx.int32))
print("of one feature, y of shape", y.shape)
