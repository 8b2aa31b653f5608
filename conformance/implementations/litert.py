"""LiteRT, formerly TensorFlow Lite: TensorFlow's functions, converted and interpreted."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, LayerConfig

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

_NAMES = (("gamma", "scale"), ("beta", "offset"), ("running_mean", "mean"), ("running_var", "variance"))
_INITIALLY = {"running_mean": 0, "running_var": 1, "beta": 0, "gamma": 1}  # in the order of the arguments


@functools.cache
def _program(rank: int, n: int, epsilon: float, training: bool) -> Callable[[Array, list[Array]], Array]:
    def normalise(x: Any, mean: Any, variance: Any, offset: Any, scale: Any) -> Any:
        if training:
            mean, variance = tf.nn.moments(x, list(range(rank - 1)))
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, epsilon)

    vectors = [tf.TensorSpec([n], tf.float32, name=name) for name in ("mean", "variance", "offset", "scale")]
    whole = tf.TensorSpec([*[None] * (rank - 1), n], tf.float32, name="x")
    traced = tf.function(normalise).get_concrete_function(whole, *vectors)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    first, *others = [each["index"] for each in interpreter.get_input_details()]

    def run(x: Array, given: list[Array]) -> Array:
        interpreter.resize_tensor_input(first, x.shape)
        interpreter.allocate_tensors()
        for index, value in zip((first, *others), (x, *given), strict=True):
            interpreter.set_tensor(index, np.ascontiguousarray(value))
        interpreter.invoke()
        return np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))

    return run


class _Layer:
    """What was loaded, and where nothing was, ones for gamma and variance and zeros for the others."""

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        n = config.input_shape[config.axis]
        self._held = {name: np.full(n, value, config.dtype) for name, value in _INITIALLY.items()}

    def parameters(self) -> dict[str, Array]:
        return dict(self._held)

    def load(self, parameters: Mapping[str, Array]) -> None:
        self._held |= parameters

    def forward(self, x: Array, *, training: bool) -> Array:
        axis = self._config.axis
        run = _program(x.ndim, self._config.input_shape[axis], self._config.epsilon, training)
        y = run(np.moveaxis(x, axis, -1), [self._held[name] for name in _INITIALLY])
        return np.moveaxis(y, -1, axis)

    def backward(self, dy: Array) -> Gradients:
        raise NotImplementedError("LiteRT computes no gradients")


class LiteRt:
    """``tf.nn.moments`` (x, axes) and ``tf.nn.batch_normalization`` (x, mean, variance, offset, scale,
    variance_epsilon), converted by ``tf.lite.TFLiteConverter`` for n features, the other extents left open.

    https://ai.google.dev/edge/litert/conversion/tensorflow/convert_tf. They are run by the ``Interpreter`` of
    ``ai_edge_litert`` with one thread. The features are last, so they are moved there.
    """

    name = "LiteRT, from tf.nn.batch_normalization"
    version = f"{version('ai-edge-litert')}, tensorflow {tf.__version__}"
    capabilities = Capabilities(
        names=_NAMES,
        axes=(-1,),
        moves_axis=True,
        affine="always",
        parameters=False,
        running=False,
        compiles=True,
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
