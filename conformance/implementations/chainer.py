"""Chainer: ``chainer.links.BatchNormalization``, on NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what newer Python no longer has
    import chainer

_NAMES = (("running_mean", "avg_mean"), ("running_var", "avg_var"))


class _Layer:
    """Keeps the graph of the last call."""

    def __init__(self, config: LayerConfig) -> None:
        rank = len(config.input_shape)
        feature = config.axis % rank
        self._link: Any = chainer.links.BatchNormalization(
            config.input_shape[feature],
            **({} if config.defaults else {"decay": config.momentum, "eps": config.epsilon}),
            dtype=np.dtype(config.dtype),
            use_gamma=config.scale,
            use_beta=config.center,
            axis=tuple(each for each in range(rank) if each != feature),
        )

    def _affine(self) -> dict[str, Any]:
        return {each.name: each for each in self._link.params()}

    def parameters(self) -> dict[str, Array]:
        affine = {name: np.array(each.array) for name, each in self._affine().items()}
        return affine | {name: np.array(getattr(self._link, native)) for name, native in _NAMES}

    def load(self, parameters: Mapping[str, Array]) -> None:
        """As ``chainer.Link.serialize`` does: into the arrays that are there."""
        held = {name: each.array for name, each in self._affine().items()}
        held |= {name: getattr(self._link, native) for name, native in _NAMES}
        for name, value in parameters.items():
            if name not in held:
                raise ValueError(f"the link has no {name}; it has {', '.join(held)}")
            if held[name].shape != value.shape:
                raise ValueError(f"{name} of the link has shape {held[name].shape}, not {value.shape}")
            held[name][...] = value

    #: Of the last two calls x and y.
    _made: tuple[tuple[Any, Any], ...] = ()

    def forward(self, x: Array, *, training: bool) -> Array:
        with chainer.using_config("train", training):
            given = chainer.Variable(x)
            y = self._link(given)
        self._made = (*self._made[-1:], (given, y))
        return np.array(y.array)

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        x, y = self._made[-1 - back]
        inputs = {"x": x, **self._affine()}
        found = chainer.grad([y], list(inputs.values()), [chainer.Variable(dy)])
        return Gradients(**{k: np.array(g.array) for k, g in zip(inputs, found, strict=True)})


class ChainerBatchNorm:
    """``chainer.links.BatchNormalization``: size, decay, eps, dtype, use_gamma, use_beta, axis.

    https://docs.chainer.org/en/stable/reference/generated/chainer.links.BatchNormalization.html. Its ``axis`` names
    the axes that are averaged over. Gradients are ``chainer.grad``'s.
    """

    name = "Chainer links.BatchNormalization"
    version = f"{chainer.__version__}, numpy {np.__version__}"
    capabilities = Capabilities(
        dtypes=("float32", "float64", "float16"),
        names=_NAMES,
        gradients=True,
        outstanding=True,
        defaults=True,
    )
    idiom = Idiom(
        setup="import chainer\nimport numpy as np",
        build="""\
$layer = chainer.links.BatchNormalization(
    $n,
    decay=$momentum,
    eps=$epsilon,
    dtype=np.dtype("$dtype"),
    use_gamma=$scale,
    use_beta=$center,
    axis=$others,
)""",
        apply="""\
with chainer.using_config("train", $training):
    y = $layer(np.asarray($x, "$dtype")).array""",
        differentiate="""\
t = chainer.Variable(np.asarray($x, "$dtype"))
with chainer.using_config("train", $training):
    y = $layer(t)
dx, dgamma, dbeta = chainer.grad(
    [y], [t, $layer.gamma, $layer.beta], [chainer.Variable(np.asarray($dy, "$dtype"))]
)
y, dx, dgamma, dbeta = (each.array for each in (y, dx, dgamma, dbeta))""",
        get=(
            ("gamma", "$layer.gamma.array"),
            ("beta", "$layer.beta.array"),
            ("running_mean", "$layer.avg_mean"),
            ("running_var", "$layer.avg_var"),
            ("epsilon", "$layer.eps"),
            ("momentum", "$layer.decay"),
        ),
        set=(
            ("gamma", "$layer.gamma.array[...] = $value"),
            ("beta", "$layer.beta.array[...] = $value"),
            ("running_mean", "$layer.avg_mean[...] = $value"),
            ("running_var", "$layer.avg_var[...] = $value"),
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
