"""FairScale's SyncBatchNorm multiplies the variance by m / (m - 1): with one value per feature it is NaN for good."""

import torch
import torch.distributed as dist
from fairscale.experimental.nn import SyncBatchNorm

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
layer = SyncBatchNorm(1)
layer(torch.ones(1, 1, 1, 1))
print(
    "running_var =",
    layer.running_var.item(),
    "and y = ",
    layer.eval()(torch.ones(2, 1, 1, 1)).ravel().tolist(),
)
