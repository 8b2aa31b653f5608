"""OpenVINO: its own operation BatchNormInference-5 on the CPU. There is none for training.

https://docs.openvino.ai/2025/documentation/openvino-ir-format/operation-sets/operation-specs/normalization/batch-norm-inference-5.html.
The operation takes the features second and has no argument for it, so they are moved there and back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import openvino
from openvino import opset15

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

_DTYPES = ("float32", "float64", "float16")  # it has bfloat16, but not as arrays of NumPy
_NAMES = (("running_mean", "mean"), ("running_var", "variance"))
_INITIALLY = {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}


def compiled(model: Any) -> Callable[[list[Array]], list[Array]]:
    """A function from the inputs of a model to its outputs, on the CPU with one thread and else as by default."""
    program = openvino.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1})

    def run(inputs: list[Array]) -> list[Array]:
        return list(program([np.ascontiguousarray(each) for each in inputs]).to_tuple())

    return run


@functools.cache
def _program(dtype: str, rank: int, n: int, epsilon: float) -> Callable[[list[Array]], list[Array]]:
    kind = openvino.Type(np.dtype(dtype))
    data = opset15.parameter([-1, n, *[-1] * (rank - 2)], kind)
    gamma, beta, mean, variance = (opset15.parameter([n], kind) for _ in range(4))
    node = opset15.batch_norm_inference(data, gamma, beta, mean, variance, epsilon)
    return compiled(openvino.Model([node], [data, gamma, beta, mean, variance]))


class _Layer:
    """What was loaded, and where nothing was, ones for gamma and variance and zeros for the others."""

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        n = config.input_shape[config.axis]
        self._held = {name: np.full(n, value, config.dtype) for name, value in _INITIALLY.items()}
        self._run = _program(config.dtype, len(config.input_shape), n, config.epsilon)

    def parameters(self) -> dict[str, Array]:
        return dict(self._held)

    def load(self, parameters: Mapping[str, Array]) -> None:
        self._held |= parameters

    def forward(self, x: Array, *, training: bool) -> Array:
        if training:
            raise NotImplementedError("OpenVINO has no operation for a batch normalisation in training")
        (y,) = self._run([np.moveaxis(x, self._config.axis, 1), *(self._held[name] for name in _INITIALLY)])
        return np.moveaxis(y, 1, self._config.axis)

    def backward(self, dy: Array) -> Gradients:
        raise NotImplementedError("OpenVINO computes no gradients")


class OpenVino:
    """``openvino.opset15.batch_norm_inference`` (data, gamma, beta, mean, variance, epsilon), compiled for n
    features, the other extents left open.
    """

    name = "OpenVINO BatchNormInference"
    version = str(openvino.__version__).partition("-")[0]  # the rest tells the build
    capabilities = Capabilities(
        dtypes=_DTYPES,
        names=_NAMES,
        axes=(1,),
        moves_axis=True,
        training=False,
        affine="always",
        parameters=False,
        running=False,
        compiles=True,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport openvino as ov\nfrom openvino import opset15",
        build='$layer = {"gamma": 1, "beta": 0, "mean": 0, "variance": 1}\n'
        '$layer = {name: np.full($n, value, "$dtype") for name, value in $layer.items()}',
        apply="""\
inputs = [np.asarray(each, "$dtype") for each in ($x, *$layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, $epsilon)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]""",
        get=tuple((name, f'$layer["{dict(_NAMES).get(name, name)}"]') for name in _INITIALLY),
        set=tuple(
            (name, f'$layer["{dict(_NAMES).get(name, name)}"] = np.asarray($value, "$dtype")')
            for name in _INITIALLY
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
