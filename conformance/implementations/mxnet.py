"""Apache MXNet: ``mxnet.gluon.nn.BatchNorm``, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mxnet as mx

_HELD = ("gamma", "beta", "running_mean", "running_var")


class _Layer:
    """Keeps the recorded graph of the last call."""

    def __init__(self, config: LayerConfig) -> None:
        self._block: Any = mx.gluon.nn.BatchNorm(
            axis=config.axis,
            **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
            center=config.center,
            scale=config.scale,
            in_channels=config.input_shape[config.axis],
            use_global_stats=not config.by_batch(True),
        )
        self._block.initialize()
        self._block.cast(config.dtype)
        # Without scale or center, gamma or beta is there but has no part in it.
        lacking = {"gamma": not config.scale, "beta": not config.center}
        self._held = {name: getattr(self._block, name) for name in _HELD if not lacking.get(name)}

    def parameters(self) -> dict[str, Array]:
        return {name: each.data().asnumpy() for name, each in self._held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self._held:
                raise ValueError(f"the layer has no {name}; it has {', '.join(self._held)}")
            self._held[name].set_data(mx.nd.array(value, dtype=value.dtype))

    #: Of the last two calls x, y and whether they were training calls.
    _made: tuple[tuple[Any, Any, bool], ...] = ()

    def forward(self, x: Array, *, training: bool) -> Array:
        given = mx.nd.array(x, dtype=x.dtype)
        given.attach_grad()
        with mx.autograd.record(train_mode=training):
            y = self._block(given)
        self._made = (*self._made[-1:], (given, y, training))
        return np.asarray(y.asnumpy())

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        x, y, training = self._made[-1 - back]
        affine = {name: self._held[name].data() for name in _HELD[:2] if name in self._held}
        found = mx.autograd.grad(
            [y],
            [x, *affine.values()],
            [mx.nd.array(dy, dtype=dy.dtype)],
            retain_graph=True,
            train_mode=training,
        )
        return Gradients(**{name: each.asnumpy() for name, each in zip(("x", *affine), found, strict=True)})


class MxnetBatchNorm:
    """``mxnet.gluon.nn.BatchNorm``: axis, momentum, epsilon, center, scale, use_global_stats, in_channels; its dtype
    by ``cast``.

    https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/nn/index.html#mxnet.gluon.nn.BatchNorm.
    Parameters are loaded by ``Parameter.set_data``; gradients are ``mxnet.autograd.grad``'s. A forward pass alone
    leaves the running statistics as they are: MXNet updates them in the backward pass.
    """

    name = "MXNet gluon.nn.BatchNorm"
    version = str(mx.__version__)
    capabilities = Capabilities(
        dtypes=("float32", "float64", "float16"),
        gradients=True,
        outstanding=True,
        frozen=("statistics",),
        defaults=True,
    )
    idiom = Idiom(
        setup="import mxnet as mx\nimport numpy as np",
        build="""\
$layer = mx.gluon.nn.BatchNorm(
    axis=$axis, momentum=$momentum, epsilon=$epsilon, center=$center, scale=$scale, in_channels=$n
)
$layer.initialize()
$layer.cast("$dtype")""",
        apply="""\
with mx.autograd.record(train_mode=$training):
    y = $layer(mx.nd.array($x, dtype="$dtype"))
y = y.asnumpy()""",
        differentiate="""\
t = mx.nd.array($x, dtype="$dtype")
t.attach_grad()
with mx.autograd.record(train_mode=$training):
    y = $layer(t)
wanted = [t, $layer.gamma.data(), $layer.beta.data()]
found = mx.autograd.grad(
    [y], wanted, [mx.nd.array($dy, dtype="$dtype")], train_mode=$training
)
y, dx, dgamma, dbeta = (each.asnumpy() for each in (y, *found))""",
        get=(
            *((name, f"$layer.{name}.data().asnumpy()") for name in _HELD),
            ("epsilon", '$layer._kwargs["eps"]'),
            ("momentum", '$layer._kwargs["momentum"]'),
        ),
        set=tuple((name, f"$layer.{name}.set_data(mx.nd.array($value))") for name in _HELD),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
