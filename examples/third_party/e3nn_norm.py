"""e3nn: nn.BatchNorm of n scalars, the irreducible representations that batch norm is about."""

from e3nn import __version__
from e3nn.nn import BatchNorm
from sharing import TorchLayer

from conformance import Capabilities


class E3nnBatchNorm:
    name, version = "e3nn nn.BatchNorm", __version__
    capabilities = Capabilities(("float32", "float64"), axes=(-1,), affine="joint", gradients=True)

    def build(self, config):
        irreps = f"{config.input_shape[-1]}x0e"
        return TorchLayer(
            BatchNorm(irreps, config.epsilon, config.momentum, affine=config.scale), config.dtype
        )
