"""MindSpore: the cells ``mindspore.nn.BatchNorm1d``, ``2d`` and ``3d``, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

os.environ.setdefault("GLOG_v", "3")  # warnings of a system that was not tried

import mindspore as ms

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")

_NAMES = (("running_mean", "moving_mean"), ("running_var", "moving_variance"))
_NATIVE = {"gamma": "gamma", "beta": "beta", **dict(_NAMES)}


class _Layer:
    """Gradients are those of a call that is repeated, from the state it met."""

    def __init__(self, config: LayerConfig) -> None:
        rank = len(config.input_shape)
        self._axis = config.axis
        self._cell: Any = getattr(ms.nn, f"BatchNorm{max(1, rank - 2)}d")(
            config.input_shape[config.axis],
            **({} if config.defaults else {"eps": config.epsilon, "momentum": config.momentum}),
            affine=config.scale,
            dtype=getattr(ms, config.dtype),
        )
        inner = self._cell.bn2d if rank == 5 else self._cell
        kept = _NATIVE if config.scale else dict(_NAMES)
        self._held = {name: getattr(inner, native) for name, native in kept.items()}

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(each.asnumpy()) for name, each in self._held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self._held:
                raise ValueError(f"the cell has no {name}; it has {', '.join(self._held)}")
            self._held[name].set_data(ms.Tensor(np.ascontiguousarray(value)))

    def forward(self, x: Array, *, training: bool) -> Array:
        self._cell.set_train(training)
        self._x, self._met = ms.Tensor(np.ascontiguousarray(x)), self.parameters()
        return np.array(self._cell(self._x).asnumpy())

    def backward(self, dy: Array) -> Gradients:
        now = self.parameters()
        self.load(self._met)
        affine = {name: each for name, each in self._held.items() if name in ("gamma", "beta")}
        weights = ms.ParameterTuple(affine.values())
        gradient = ms.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)
        (dx,), others = gradient(self._cell, weights)(self._x, ms.Tensor(np.ascontiguousarray(dy)))
        self.load({name: value for name, value in now.items() if name not in affine})
        found = {name: np.array(each.asnumpy()) for name, each in zip(affine, others, strict=True)}
        return Gradients(np.array(dx.asnumpy()), **found)


class MindSporeBatchNorm:
    """``mindspore.nn.BatchNorm1d`` (ranks 2 and 3), ``2d`` (4) or ``3d`` (5), in PyNative mode.

    Of its arguments num_features, eps, momentum, affine and dtype:
    https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.BatchNorm2d.html. On the CPU the features are
    second. Parameters are loaded by ``Parameter.set_data``; gradients are those of ``mindspore.ops.GradOperation``.
    """

    name = "MindSpore nn.BatchNorm"
    version = str(ms.__version__)
    capabilities = Capabilities(
        dtypes=("float32", "float16"),
        axes=(1,),
        names=_NAMES,
        gradients=True,
        affine="joint",
        defaults=True,
    )
    idiom = Idiom(
        setup="import mindspore as ms\nimport numpy as np\n\n"
        'ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")',
        build="""\
$layer = ms.nn.BatchNorm${spatial}d(
    $n, eps=$epsilon, momentum=$momentum, affine=$scale, dtype=ms.$dtype
)""",
        apply="$layer.set_train($training)\ny = $layer(ms.Tensor($x, ms.$dtype)).asnumpy()",
        differentiate="""\
$layer.set_train($training)
t = ms.Tensor($x, ms.$dtype)
y = $layer(t).asnumpy()
gradient = ms.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)
(dx,), (dgamma, dbeta) = gradient($layer, ms.ParameterTuple($layer.trainable_params()))(
    t, ms.Tensor($dy, ms.$dtype)
)
dx, dgamma, dbeta = (each.asnumpy() for each in (dx, dgamma, dbeta))""",
        get=(
            *(
                (name, f'getattr($layer, "bn2d", $layer).{native}.asnumpy()')
                for name, native in _NATIVE.items()
            ),
            ("epsilon", 'getattr($layer, "bn2d", $layer).eps'),
            ("momentum", '1 - getattr($layer, "bn2d", $layer).momentum'),
        ),
        set=tuple(
            (name, f'getattr($layer, "bn2d", $layer).{native}.set_data(ms.Tensor($value, ms.$dtype))')
            for name, native in _NATIVE.items()
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        if config.scale != config.center:
            raise ValueError("mindspore.nn.BatchNorm has one argument, affine, for scale and center together")
        return _Layer(config)
