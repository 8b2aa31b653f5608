"""MLX: ``mlx.nn.BatchNorm``, on the CPU."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mlx.core as mx
from mlx import nn

mx.set_default_device(mx.cpu)

_NATIVE = {"gamma": "weight", "beta": "bias"}
_CANONICAL = {native: canonical for canonical, native in _NATIVE.items()}


def _tensor(x: Array) -> Any:
    if min(x.strides, default=0) < 0:
        x = x.copy()  # mlx.core.array refuses negative strides
    return mx.array(x, dtype=getattr(mx, x.dtype.name))  # without it float64 becomes float32


def _array(tensor: Any) -> Array:
    if tensor.dtype == mx.bfloat16:  # unknown to NumPy's buffers, so its bits cross as integers
        import ml_dtypes

        return np.array(tensor.view(mx.uint16)).view(ml_dtypes.bfloat16)
    return np.array(tensor)


class _Layer:
    """Gradients are those of a call that is repeated, from the state it met."""

    def __init__(self, config: LayerConfig) -> None:
        self._axis = config.axis
        self._module: Any = nn.BatchNorm(
            config.input_shape[config.axis],
            **({} if config.defaults else {"eps": config.epsilon, "momentum": config.momentum}),
            affine=config.scale,
            track_running_stats=config.tracks,
        )
        self._module.set_dtype(getattr(mx, config.dtype))

    def parameters(self) -> dict[str, Array]:
        return {_CANONICAL.get(name, name): _array(each) for name, each in self._module.parameters().items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        given = {_NATIVE.get(name, name): _tensor(value) for name, value in parameters.items()}
        self._module.load_weights(list({**self._module.parameters(), **given}.items()))

    def save(self, format: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"weights.{format}")
            self._module.save_weights(str(path))
            return path.read_bytes()

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"weights.{format}")
            path.write_bytes(saved)
            self._module.load_weights(str(path))
            mx.eval(self._module.parameters())  # While the file is there.

    def forward(self, x: Array, *, training: bool) -> Array:
        self._module.train(training)
        self._x, self._met = _tensor(x), dict(self._module.parameters())
        return _array(self._call(self._x))

    def backward(self, dy: Array) -> Gradients:
        names = [name for name in _CANONICAL if name in self._met]

        def call(x: Any, *affine: Any) -> Any:
            self._module.update({**self._met, **dict(zip(names, affine, strict=True))})
            return self._call(x)

        now = dict(self._module.parameters())
        _, (dx, *others) = mx.vjp(call, [self._x, *(self._met[name] for name in names)], [_tensor(dy)])
        self._module.update(now)
        affine = {_CANONICAL[name]: _array(each) for name, each in zip(names, others, strict=True)}
        return Gradients(_array(dx), **affine)

    def _call(self, x: Any) -> Any:
        return mx.moveaxis(self._module(mx.moveaxis(x, self._axis, -1)), -1, self._axis)


class MlxBatchNorm:
    """``mlx.nn.BatchNorm``: num_features, eps, momentum, affine, track_running_stats; its dtype by
    ``Module.set_dtype``.

    https://ml-explore.github.io/mlx/build/html/python/nn/_autosummary/mlx.nn.BatchNorm.html. Parameters are loaded
    by ``load_weights``, the others kept; gradients are ``mlx.core.vjp``'s. It wants features last, so they are moved.
    """

    name = "MLX nn.BatchNorm"
    version = version("mlx")
    capabilities = Capabilities(
        dtypes=("float32", "float64", "float16", "bfloat16"),
        ranks=(2, 3, 4),
        axes=(-1,),
        moves_axis=True,
        names=tuple(_NATIVE.items()),
        gradients=True,
        frozen=("untracked",),
        saves=("npz",),  # as safetensors it refuses float64
        affine="joint",
        defaults=True,
    )
    idiom = Idiom(
        setup="import mlx.core as mx\nimport mlx.nn as nn\nimport numpy as np\n\nmx.set_default_device(mx.cpu)",
        build="""\
$layer = nn.BatchNorm($n, eps=$epsilon, momentum=$momentum, affine=$scale)
$layer.set_dtype(mx.$dtype)""",
        apply="y = $layer.train($training)(mx.array($x, mx.$dtype))",
        differentiate="""\
def call(t, weight, bias):
    $layer.update({"weight": weight, "bias": bias})
    return $layer(t)


$layer.train($training)
(y,), (dx, dgamma, dbeta) = mx.vjp(
    call, [mx.array($x, mx.$dtype), $layer.weight, $layer.bias], [mx.array($dy, mx.$dtype)]
)""",
        get=(
            *((name, f"np.array($layer.{native})") for name, native in _NATIVE.items()),
            ("running_mean", "np.array($layer.running_mean)"),
            ("running_var", "np.array($layer.running_var)"),
            ("epsilon", "$layer.eps"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple(
            (name, f"$layer.{native} = mx.array($value, mx.$dtype)")
            for name, native in (
                *_NATIVE.items(),
                ("running_mean", "running_mean"),
                ("running_var", "running_var"),
            )
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        if config.scale != config.center:
            raise ValueError("mlx.nn.BatchNorm has one argument, affine, for scale and center together")
        return _Layer(config)
