"""FairScale: experimental.nn.SyncBatchNorm, in a group of one process."""

from importlib.metadata import version as version_of

import torch.distributed as dist
from fairscale.experimental.nn import SyncBatchNorm
from sharing import TorchLayer

from conformance import Capabilities

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)


class FairScaleSyncBatchNorm:
    name, version = "FairScale SyncBatchNorm", version_of("fairscale")
    capabilities = Capabilities(("float32", "float64"), ranks=(4,), axes=(1,), affine="joint", gradients=True)

    def build(self, config):
        module = SyncBatchNorm(config.input_shape[1], config.epsilon, config.momentum, affine=config.scale)
        return TorchLayer(module, config.dtype)
