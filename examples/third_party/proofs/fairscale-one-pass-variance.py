"""FairScale's SyncBatchNorm computes E[x^2] - E[x]^2, which cancels where the mean is large."""

import torch
import torch.distributed as dist
from fairscale.experimental.nn import SyncBatchNorm

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
x = torch.tensor([9999.0, 10000.0, 10001.0, 10002.0]).reshape(4, 1, 1, 1)
for layer in (SyncBatchNorm(1), torch.nn.BatchNorm2d(1)):
    print(type(layer).__name__, layer(x).detach().ravel().tolist())
