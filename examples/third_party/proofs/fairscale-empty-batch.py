"""FairScale's SyncBatchNorm: one empty batch turns the running statistics to NaN."""

import torch
import torch.distributed as dist
from fairscale.experimental.nn import SyncBatchNorm

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
layer = SyncBatchNorm(1)
layer(torch.ones(0, 1, 1, 1))
print("running_mean =", layer.running_mean.item(), "running_var =", layer.running_var.item())
