"""PyTorch: ``torch.nn.LazyBatchNorm1d``, ``2d`` and ``3d``, which learn their features from the first call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.implementation import Array, LayerConfig
from conformance.implementations.torch import _NATIVE, TorchBatchNorm, _ModuleLayer, module_class
from conformance.implementations.torch_forms import changed

# isort: split
# After what sets the environment.
import torch


class _LazyLayer(_ModuleLayer):
    """Where parameters are wanted before the first call, or only some of them are loaded, ``initialize_parameters``
    makes them, which looks at the shape of x and computes nothing. A whole state is loaded into the layer as it is.
    """

    def _new(self, config: LayerConfig) -> Any:
        return getattr(torch.nn, f"Lazy{module_class(config)}")(**self._arguments(config))

    def _missing(self) -> set[str]:
        state = self._module.state_dict().items()
        return {name for name, value in state if torch.nn.parameter.is_lazy(value)}

    def _initialise(self) -> None:
        if self._missing():
            x = torch.empty(self._config.input_shape, device="meta")
            self._module.initialize_parameters(torch.movedim(x, self._config.axis, 1))

    def parameters(self) -> dict[str, Array]:
        self._initialise()
        return super().parameters()

    def load(self, parameters: Mapping[str, Array]) -> None:
        if self._missing() - {_NATIVE.get(name, name) for name in parameters}:
            self._initialise()
        super().load(parameters)


class TorchLazy(TorchBatchNorm):
    """``torch.nn.LazyBatchNorm1d`` (ranks 2 and 3), ``2d`` (4) or ``3d`` (5).

    Of its arguments eps, momentum, affine, device and dtype:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm2d.html. Its first call makes its parameters;
    where they are wanted before, ``initialize_parameters`` does.
    """

    name = "PyTorch nn.LazyBatchNorm"
    capabilities = replace(TorchBatchNorm.capabilities, frozen=(), saves=("state_dict",))
    idiom = changed(
        build=(
            ("nn.BatchNorm", "nn.LazyBatchNorm"),
            ("    $n, eps", "    eps"),
            ("\n)", "\n)\n$layer.initialize_parameters(torch.empty($shape))"),
        )
    )

    def build(self, config: LayerConfig) -> _LazyLayer:
        return _LazyLayer(self._checked(config))
