"""What the adapters of TensorFlow's layers share: the processor, one thread of it, and every call on a tape."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Gradients

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

# The processor is the one device that is declared, also where there is a GPU.
tf.config.set_visible_devices([], "GPU")

DTYPES = ("float32", "float64", "float16", "bfloat16")


class Recorded:
    """A layer of which a subclass says what variables it holds, and how it is called."""

    #: By canonical name: all it holds, and of those what it learns.
    variables: Mapping[str, Any]
    affine: Mapping[str, Any]

    def call(self, x: Any, training: bool) -> Any:
        raise NotImplementedError

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(each.numpy()) for name, each in self.variables.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self.variables:
                raise ValueError(f"the layer has no {name}; it has {', '.join(self.variables)}")
            self.variables[name].assign(value)

    #: Of the last two calls the tape, the inputs and y.
    _made: tuple[tuple[Any, dict[str, Any], Any], ...] = ()

    def forward(self, x: Array, *, training: bool) -> Array:
        inputs = {"x": tf.convert_to_tensor(x), **self.affine}
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(list(inputs.values()))
            y = self.call(inputs["x"], training)
        self._made = (*self._made[-1:], (tape, inputs, y))
        return np.array(y.numpy())

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        """By ``tf.autodiff.ForwardAccumulator`` and ``tf.GradientTape``, one around the other."""
        return composed(lambda x: self.call(x, training), x, modes, along)

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        tape, inputs, y = self._made[-1 - back]
        gradients = tape.gradient(y, inputs, output_gradients=tf.convert_to_tensor(dy))
        return Gradients(**{name: np.array(each.numpy()) for name, each in gradients.items()})


#: What TensorFlow can compose.
SECOND = "forward", "reverse over reverse", "forward over reverse", "reverse over forward"
THIRD = "reverse over reverse over reverse", "forward over forward over reverse"


def composed(y: Any, x: Array, modes: tuple[str, ...], along: tuple[Array, ...]) -> Array:
    """A derivative of ``y``, a function of a tensor, at x."""

    def forward(f: Any, v: Any) -> Any:
        def slope(x: Any) -> Any:
            with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
                value = f(x)
            return accumulator.jvp(value, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        return slope

    def reverse(f: Any, v: Any) -> Any:
        def gradient(x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = f(x)
            zero = tf.UnconnectedGradients.ZERO
            return tape.gradient(value, x, output_gradients=v, unconnected_gradients=zero)

        return gradient

    for mode, direction in zip(modes, map(tf.convert_to_tensor, along), strict=True):
        y = (forward if mode == "forward" else reverse)(y, direction)
    return np.array(y(tf.convert_to_tensor(x)).numpy())
