"""PyTorch: the layers of :mod:`conformance.implementations.torch`, vectorised over an ensemble of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.implementation import Array, Gradients, LayerConfig
from conformance.implementations.torch import _CANONICAL, TorchBatchNorm, _ModuleLayer, as_array

# isort: split
# After what sets the environment.
import torch

_OTHER, _OWN = 0, 1  # where in the ensemble the layer stands that was asked for


class _EnsembleLayer(_ModuleLayer):
    """The layer asked for is the second of two. The first has another gamma and beta, and gets twice the input."""

    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config)
        own = self._module
        other = super()._new(config)
        for each in other.parameters():
            torch.nn.init.constant_(each, 3)
        self._modules = [other, own]
        self._skeleton = super()._new(config).to("meta")
        self._stack()

    def _stack(self) -> None:
        self._affines, self._buffers = torch.func.stack_module_state(self._modules)

    def _state(self, place: int) -> dict[str, Any]:
        return {name: value[place].detach() for name, value in {**self._affines, **self._buffers}.items()}

    def parameters(self) -> dict[str, Array]:
        return {
            _CANONICAL.get(name, name): as_array(value).copy() for name, value in self._state(_OWN).items()
        }

    def load(self, parameters: Mapping[str, Array]) -> None:
        for place, module in enumerate(self._modules):
            module.load_state_dict(self._state(place))
        super().load(parameters)
        self._stack()

    def _affine(self) -> dict[str, Any]:
        return {_CANONICAL[name]: value for name, value in self._affines.items()}

    def _apply(self, x: Any, training: bool) -> Any:
        skeleton = self._skeleton.train(training)

        def call(affine: Any, buffers: Any, x: Any) -> Any:
            return torch.func.functional_call(skeleton, (affine, buffers), (x,))

        return torch.func.vmap(call)(self._affines, self._buffers, torch.stack([2 * x.detach(), x]))[_OWN]

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        dx, *rest = super().backward(dy, back=back)
        return Gradients(dx, *(None if each is None else each[_OWN] for each in rest))


# Of the same layer twice.
_CALL = """\
affine, buffers = torch.func.stack_module_state([$layer, $layer])
t = torch.as_tensor($x, dtype=torch.$dtype).requires_grad_()
y = torch.func.vmap(
    lambda *state: torch.func.functional_call($layer.train($training), state, (t,))
)(affine, buffers)[1]"""
_KEEP = "$layer.load_state_dict({name: value[1] for name, value in buffers.items()}, strict=False)"


class TorchVmap(TorchBatchNorm):
    """``torch.func.vmap`` of ``torch.func.functional_call``, over ``torch.func.stack_module_state`` of two layers:
    https://docs.pytorch.org/tutorials/intermediate/ensembling.html. The running statistics are stacked as well, and
    so updated in place, as https://docs.pytorch.org/docs/stable/func.batch_norm.html asks for.

    A cumulative average cannot be vectorised: its weight is the value of a tensor.
    """

    name = "PyTorch nn.BatchNorm, vmap"
    capabilities = replace(
        TorchBatchNorm.capabilities, cumulative=False, eager=True, mixed=False, frozen=(), saves=()
    )
    idiom = replace(
        TorchBatchNorm.idiom,
        apply=f"{_CALL}\n{_KEEP}",
        differentiate=f"""\
{_CALL}
upstream = torch.as_tensor($dy, dtype=torch.$dtype)
dx, *both = torch.autograd.grad(y, [t, affine["weight"], affine["bias"]], upstream)
dgamma, dbeta = (each[1] for each in both)
{_KEEP}""",
    )

    def build(self, config: LayerConfig) -> _ModuleLayer:
        return (_ModuleLayer if config.eager else _EnsembleLayer)(self._checked(config))
