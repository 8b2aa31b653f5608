"""pytorch-tabnet: GBN, ghost batch normalisation, with chunks that no batch fills."""

from importlib.metadata import version as version_of

from pytorch_tabnet.tab_network import GBN
from sharing import NATIVE, TorchLayer

from conformance import Capabilities


class TabNetGBN:
    name, version = "pytorch-tabnet GBN", version_of("pytorch-tabnet")
    capabilities = Capabilities(
        ("float32", "float64"), ranks=(2,), axes=(1,), affine="always", gradients=True, epsilon=1e-5
    )

    def build(self, config):
        module = GBN(config.input_shape[1], virtual_batch_size=1_000_000, momentum=config.momentum)
        return TorchLayer(module, config.dtype, {ours: f"bn.{theirs}" for ours, theirs in NATIVE.items()})
