"""PaddlePaddle: the layers ``paddle.nn.BatchNorm1D``, ``2D`` and ``3D``, on the CPU."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

os.environ.setdefault("OMP_NUM_THREADS", "1")

import paddle

_HELD = (("gamma", "weight"), ("beta", "bias"), ("running_mean", "_mean"), ("running_var", "_variance"))
_CANONICAL = {native: canonical for canonical, native in _HELD}
_FORMATS = (("NCL", "NCHW", "NCDHW"), ("NLC", "NHWC", "NDHWC"))  # features second, features last


class _Layer:
    """Keeps the autograd graphs of the last two calls."""

    _made: tuple[tuple[dict[str, Any], Any], ...] = ()  # inputs and y

    def __init__(self, config: LayerConfig) -> None:
        rank = len(config.input_shape)
        spatial = max(1, rank - 2)
        paddle.set_default_dtype(config.dtype)  # a layer has no argument for it
        self._layer: Any = getattr(paddle.nn, f"BatchNorm{spatial}D")(
            config.input_shape[config.axis],
            **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
            weight_attr=paddle.ParamAttr(trainable=config.learns) if config.scale else False,
            bias_attr=paddle.ParamAttr(trainable=config.learns) if config.center else False,
            use_global_stats=None if config.by_batch(True) else True,
            data_format=_FORMATS[config.axis % rank != 1][spatial - 1],
        )

    def parameters(self) -> dict[str, Array]:
        state = self._layer.state_dict()
        return {_CANONICAL.get(name, name): np.array(each.numpy()) for name, each in state.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        held = {_CANONICAL.get(name, name): each for name, each in self._layer.state_dict().items()}
        for name, value in parameters.items():
            if name not in held:
                raise ValueError(f"the layer has no {name}; it has {', '.join(held)}")
            held[name].set_value(value)

    def save(self, format: str) -> bytes:
        file = io.BytesIO()
        paddle.save(self._layer.state_dict(), file)
        return file.getvalue()

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        self._layer.set_state_dict(paddle.load(io.BytesIO(saved)))

    def forward(self, x: Array, *, training: bool) -> Array:
        self._layer.train() if training else self._layer.eval()
        affine = {_CANONICAL[name]: each for name, each in self._layer.named_parameters() if each.trainable}
        inputs = {"x": paddle.to_tensor(x, stop_gradient=False), **affine}
        y = self._layer(inputs["x"])
        self._made = (*self._made[-1:], (inputs, y))
        return np.array(y.numpy())

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        inputs, y = self._made[-1 - back]
        gradients = paddle.grad([y], list(inputs.values()), [paddle.to_tensor(dy)], retain_graph=True)
        there = {name: each for name, each in zip(inputs, gradients, strict=True) if each is not None}
        return Gradients(**{name: np.array(each.numpy()) for name, each in there.items()})


class PaddleBatchNorm:
    """``paddle.nn.BatchNorm1D`` (ranks 2 and 3), ``2D`` (4) or ``3D`` (5).

    Of its arguments num_features, momentum, epsilon, weight_attr, bias_attr, use_global_stats and data_format:
    https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/BatchNorm2D_en.html. On the CPU it has float32
    and float64 alone. Parameters are loaded by ``Tensor.set_value``; gradients are ``paddle.grad``'s.
    """

    name = "PaddlePaddle nn.BatchNorm"
    version = str(paddle.__version__)
    capabilities = Capabilities(
        dtypes=("float32", "float64"),
        axes=(1, -1),
        names=_HELD,
        gradients=True,
        outstanding=True,
        frozen=("parameters", "statistics", "all"),
        saves=("state_dict",),
        defaults=True,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport paddle",
        build="""\
paddle.set_default_dtype("$dtype")
$layer = paddle.nn.BatchNorm${spatial}D(
    $n,
    momentum=$momentum,
    epsilon=$epsilon,
    weight_attr=None if $scale else False,
    bias_attr=None if $center else False,
    data_format=(
        ("NCL", "NCHW", "NCDHW") if $axis % len($shape) == 1 else ("NLC", "NHWC", "NDHWC")
    )[$spatial - 1],
)""",
        apply="$layer.train() if $training else $layer.eval()\ny = $layer(paddle.to_tensor($x))",
        differentiate="""\
$layer.train() if $training else $layer.eval()
t = paddle.to_tensor($x, stop_gradient=False)
y = $layer(t)
dx, dgamma, dbeta = paddle.grad([y], [t, $layer.weight, $layer.bias], [paddle.to_tensor($dy)])""",
        get=(
            *((name, f"$layer.{native}.numpy()") for name, native in _HELD),
            ("epsilon", "$layer._epsilon"),
            ("momentum", "$layer._momentum"),
        ),
        set=tuple((name, f"$layer.{native}.set_value($value)") for name, native in _HELD),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
