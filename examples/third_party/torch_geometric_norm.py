"""PyTorch Geometric: torch_geometric.nn.BatchNorm, and HeteroBatchNorm with one type of node."""

from sharing import NATIVE, TorchLayer
from torch_geometric import __version__
from torch_geometric.nn import BatchNorm, HeteroBatchNorm

from conformance import Capabilities, Gradients

FEATURES = Capabilities(("float32", "float64"), ranks=(2,), axes=(1,), affine="joint", gradients=True)


class PyGBatchNorm:
    name, version, capabilities = "PyTorch Geometric BatchNorm", __version__, FEATURES

    def build(self, config):
        module = BatchNorm(config.input_shape[1], config.epsilon, config.momentum, affine=config.scale)
        return TorchLayer(module, config.dtype, {ours: f"module.{theirs}" for ours, theirs in NATIVE.items()})


class OneType(TorchLayer):
    def __init__(self, module, dtype):
        super().__init__(module, dtype)
        self.held = {name: value[0] for name, value in self.held.items()}  # of shape (types, n)

    def call(self, x):
        return self.module(x, self.torch.zeros(len(x), dtype=self.torch.long))

    def backward(self, dy):
        found = super().backward(dy)
        return found if found.gamma is None else Gradients(found.x, found.gamma[0], found.beta[0])


class PyGHeteroBatchNorm:
    name, version, capabilities = "PyTorch Geometric HeteroBatchNorm", __version__, FEATURES

    def build(self, config):
        module = HeteroBatchNorm(
            config.input_shape[1], 1, config.epsilon, config.momentum, affine=config.scale
        )
        return OneType(module, config.dtype)
