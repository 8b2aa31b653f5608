"""TensorFlow: the functions ``tf.nn.moments`` and ``tf.nn.batch_normalization``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig
from conformance.implementations._tape import SECOND, THIRD, composed

# isort: split
import tensorflow as tf


class FunctionLayer:
    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        self._feature = config.axis % len(config.input_shape)
        self._given: dict[str, Any] = {}

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(value.numpy()) for name, value in self._given.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        self._given = {**self._given, **{name: tf.constant(value) for name, value in parameters.items()}}

    def forward(self, x: Array, *, training: bool) -> Array:
        wanted = {"gamma": self._config.scale, "beta": self._config.center}
        affine = {name: self._given[name] for name in wanted if wanted[name] and name in self._given}
        self._inputs = {"x": tf.convert_to_tensor(x), **affine}
        self._statistics = (
            None if training else (self._given.get("running_mean"), self._given.get("running_var"))
        )
        y: Array = self._normalise().numpy()
        return y

    def backward(self, dy: Array) -> Gradients:
        """The functions keep no state, so the last call is simply repeated, under a tape."""
        with tf.GradientTape() as tape:
            tape.watch(self._inputs)
            y = self._normalise()
        gradients = tape.gradient(y, self._inputs, output_gradients=tf.convert_to_tensor(dy))
        return Gradients(**{name: gradient.numpy() for name, gradient in gradients.items()})

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        """By ``tf.autodiff.ForwardAccumulator`` and ``tf.GradientTape``, one around the other."""
        statistics = None if training else (self._given.get("running_mean"), self._given.get("running_var"))
        affine: dict[str, Any] = {
            name: self._given[name] for name in ("gamma", "beta") if name in self._given
        }

        def y(x: Any) -> Any:
            return normalise({"x": x, **affine}, statistics, self._feature, self._config.epsilon)

        return composed(y, x, modes, along)

    def _normalise(self) -> Any:
        return normalise(self._inputs, self._statistics, self._feature, self._config.epsilon)


def normalise(
    inputs: Mapping[str, Any], statistics: tuple[Any, Any] | None, feature: int, epsilon: Any
) -> Any:
    """y of x, and gamma and beta if given, with the given statistics or those of the batch."""
    x = inputs["x"]
    if statistics is None:
        others = [axis for axis in range(x.shape.rank) if axis != feature]
        mean, variance = tf.nn.moments(x, others, keepdims=True)
    else:
        mean, variance = (_along(each, x.shape.rank, feature) for each in statistics)
    scale, offset = (_along(inputs.get(name), x.shape.rank, feature) for name in ("gamma", "beta"))
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, epsilon)


def _along(value: Any, rank: int, feature: int) -> Any:
    """A vector (k,) as (1, ..., k, ..., 1), as batch_normalization wants it; anything else as it is."""
    if value is None or value.shape.rank != 1:
        return value
    shape = [1] * rank
    shape[feature] = value.shape[0]
    return tf.reshape(value, shape)


class TensorFlowNN:
    """``tf.nn.moments`` (axes, keepdims) and ``tf.nn.batch_normalization`` (all arguments).

    https://www.tensorflow.org/api_docs/python/tf/nn/moments and
    https://www.tensorflow.org/api_docs/python/tf/nn/batch_normalization. Functions, without a momentum: in
    training they are given the moments of the batch, in inference what was loaded. Gradients are
    ``tf.GradientTape``'s.
    """

    name = "TensorFlow nn.batch_normalization"
    version = str(tf.__version__)
    capabilities = Capabilities(
        dtypes=("float32", "float64", "float16", "bfloat16"),
        names=(("gamma", "scale"), ("beta", "offset"), ("running_mean", "mean"), ("running_var", "variance")),
        gradients=True,
        derivatives=(*SECOND, *THIRD),
        parameters=False,
        running=False,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport tensorflow as tf\n\ngamma = beta = None",
        build="",
        apply="""\
t = tf.constant($x, "$dtype")
mean, var = tf.nn.moments(t, $others, keepdims=True) if $training else (running_mean, running_var)
y = tf.nn.batch_normalization(t, mean, var, beta, gamma, $epsilon)""",
        differentiate="""\
t = tf.constant($x, "$dtype")
with tf.GradientTape() as tape:
    tape.watch([t, gamma, beta])
    mean, var = tf.nn.moments(t, $others, keepdims=True) if $training else (running_mean, running_var)
    y = tf.nn.batch_normalization(t, mean, var, beta, gamma, $epsilon)
dx, dgamma, dbeta = tape.gradient(y, [t, gamma, beta], tf.constant($dy, "$dtype"))""",
        set=tuple(
            (name, f'{name} = tf.reshape(tf.constant($value, "$dtype"), $along)')
            for name in ("gamma", "beta", "running_mean", "running_var")
        ),
    )

    def build(self, config: LayerConfig) -> FunctionLayer:
        return FunctionLayer(config)
