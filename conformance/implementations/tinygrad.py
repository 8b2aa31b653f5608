"""tinygrad: ``tinygrad.nn.BatchNorm``, on the CPU by LLVM."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

os.environ.setdefault("LLVM", "1")

from tinygrad import Tensor, nn

_NATIVE = {"gamma": "weight", "beta": "bias"}
_CANONICAL = {native: canonical for canonical, native in _NATIVE.items()}


class _Layer:
    """Keeps the graph of the last call."""

    def __init__(self, config: LayerConfig) -> None:
        self._axis = config.axis
        self._layer: Any = nn.BatchNorm(
            config.input_shape[config.axis],
            affine=config.scale,
            **({} if config.defaults else {"eps": config.epsilon, "momentum": config.momentum}),
        )
        self._affine = {
            name: getattr(self._layer, native) for name, native in _NATIVE.items() if config.scale
        }
        for each in self._affine.values():
            each.requires_grad = True

    def parameters(self) -> dict[str, Array]:
        state = nn.state.get_state_dict(self._layer)
        return {_CANONICAL.get(name, name): np.array(each.numpy()) for name, each in state.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        given = {
            _NATIVE.get(name, name): Tensor(np.ascontiguousarray(each)) for name, each in parameters.items()
        }
        unknown = given.keys() - nn.state.get_state_dict(self._layer).keys()
        if unknown:
            raise ValueError(f"the layer has no {', '.join(sorted(unknown))}")
        nn.state.load_state_dict(self._layer, given, strict=False, verbose=False)

    #: Of the last two calls x and y.
    _made: tuple[tuple[Any, Any], ...] = ()

    def forward(self, x: Array, *, training: bool) -> Array:
        given = Tensor(np.ascontiguousarray(np.moveaxis(x, self._axis, 1)), requires_grad=True)
        with Tensor.train(training):
            y = self._layer(given)
            found: Array = np.moveaxis(y.numpy(), 1, self._axis)
        self._made = (*self._made[-1:], (given, y))
        return found

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        x, y = self._made[-1 - back]
        inputs = {"x": x, **self._affine}
        for each in inputs.values():
            each.grad = None
        upstream = Tensor(np.ascontiguousarray(np.moveaxis(dy, self._axis, 1)))
        (y * upstream).sum().backward()
        found = {name: np.array(each.grad.numpy()) for name, each in inputs.items()}
        return Gradients(**{**found, "x": np.moveaxis(found["x"], 1, self._axis)})


class TinygradBatchNorm:
    """``tinygrad.nn.BatchNorm``: sz, eps, affine, momentum.

    https://docs.tinygrad.org/nn/#tinygrad.nn.BatchNorm. Parameters are loaded by ``nn.state.load_state_dict``;
    gradients are those of ``Tensor.backward``. The features are second, so they are moved there.
    """

    name = "tinygrad nn.BatchNorm"
    version = version("tinygrad")
    capabilities = Capabilities(
        axes=(1,),
        moves_axis=True,
        names=tuple(_NATIVE.items()),
        gradients=True,
        outstanding=True,
        affine="joint",
        defaults=True,
        compiles=True,
    )
    idiom = Idiom(
        setup='import os\n\nos.environ["LLVM"] = "1"\n\nimport numpy as np\nfrom tinygrad import Tensor, nn',
        build="$layer = nn.BatchNorm($n, eps=$epsilon, affine=$scale, momentum=$momentum)",
        apply="""\
with Tensor.train($training):
    y = $layer(Tensor($x)).numpy()""",
        differentiate="""\
t = Tensor($x, requires_grad=True)
$layer.weight.requires_grad = $layer.bias.requires_grad = True
with Tensor.train($training):
    y = $layer(t)
(y * Tensor($dy)).sum().backward()
dx, dgamma, dbeta = (each.grad.numpy() for each in (t, $layer.weight, $layer.bias))""",
        get=(
            ("gamma", "$layer.weight.numpy()"),
            ("beta", "$layer.bias.numpy()"),
            ("running_mean", "$layer.running_mean.numpy()"),
            ("running_var", "$layer.running_var.numpy()"),
            ("epsilon", "$layer.eps"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple(
            (name, f"$layer.{native}.assign(Tensor($value)).realize()")
            for name, native in (
                *_NATIVE.items(),
                ("running_mean", "running_mean"),
                ("running_var", "running_var"),
            )
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        if config.scale != config.center:
            raise ValueError("tinygrad.nn.BatchNorm has one argument, affine, for scale and center together")
        return _Layer(config)
