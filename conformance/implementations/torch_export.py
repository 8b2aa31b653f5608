"""PyTorch: the layers of :mod:`conformance.implementations.torch`, exported by ``torch.export``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import LayerConfig
from conformance.implementations.torch import TorchBatchNorm, _ModuleLayer
from conformance.implementations.torch_forms import changed

# isort: split
# After what sets the environment.
import torch


class _ExportedLayer(_ModuleLayer):
    """What is exported holds the tensors of the module that it was exported from, so that the programs of one layer
    share them, and what is loaded into the module is theirs as well.
    """

    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config)
        self._programs: dict[tuple[bool, torch.Size], Any] = {}

    def _apply(self, x: Any, training: bool) -> Any:
        if (training, x.shape) not in self._programs:
            program = torch.export.export(self._module.train(training), (x.detach(),))
            self._programs[training, x.shape] = program.module()
        return self._programs[training, x.shape](x)


_EXPORTED = "torch.export.export(\n    $layer.train($training), ({0},)\n).module()({0})"


class TorchExport(TorchBatchNorm):
    """``torch.export.export(layer, (x,))`` and of the program ``module()``, for training, for inference and for every
    shape of x apart: https://docs.pytorch.org/docs/stable/user_guide/torch_compiler/export.html.

    A cumulative average cannot be exported: its weight is the value of a tensor.
    """

    name = "PyTorch nn.BatchNorm, torch.export"
    capabilities = replace(TorchBatchNorm.capabilities, compiles=True, cumulative=False, eager=True, saves=())
    idiom = changed(
        apply=(
            ("y = ", "t = "),
            ("$layer.train($training)(", ""),
            ("torch.$dtype))", f"torch.$dtype)\ny = {_EXPORTED.format('t')}"),
        ),
        differentiate=(
            ("$layer.train($training)(t)", _EXPORTED.replace("({0},)", "(t.detach(),)").format("t")),
        ),
    )

    def build(self, config: LayerConfig) -> _ModuleLayer:
        return (_ModuleLayer if config.eager else _ExportedLayer)(self._checked(config))
