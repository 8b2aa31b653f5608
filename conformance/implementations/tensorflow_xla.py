"""TensorFlow: the functions of :mod:`conformance.implementations.tensorflow`, compiled by XLA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import LayerConfig
from conformance.implementations.tensorflow import FunctionLayer, TensorFlowNN, normalise

# isort: split
# After what sets the environment.
import tensorflow as tf

_compiled: Any = tf.function(normalise, jit_compile=True, autograph=False)


class _Layer(FunctionLayer):
    def _normalise(self) -> Any:
        # As a tensor of the dtype that TensorFlow would give it, since each new number would be compiled anew.
        epsilon = tf.constant(self._config.epsilon, self._inputs["x"].dtype)
        return _compiled(self._inputs, self._statistics, self._feature, epsilon)


class TensorFlowXla(TensorFlowNN):
    """``tf.nn.moments`` and ``tf.nn.batch_normalization`` under ``tf.function(jit_compile=True)``.

    https://www.tensorflow.org/api_docs/python/tf/function and https://openxla.org/xla/tf2xla. One compiled function
    computes the moments, if they are wanted, and normalises; gradients are ``tf.GradientTape``'s of it, compiled
    likewise.
    """

    name = "TensorFlow nn.batch_normalization (XLA)"
    capabilities = replace(TensorFlowNN.capabilities, compiles=True, eager=True)
    idiom = replace(
        TensorFlowNN.idiom,
        apply="""\
t = tf.constant($x, "$dtype")


@tf.function(jit_compile=True)
def normalise(t, gamma, beta):
    mean, var = tf.nn.moments(t, $others, keepdims=True) if $training else (running_mean, running_var)
    return tf.nn.batch_normalization(t, mean, var, beta, gamma, $epsilon)


y = normalise(t, gamma, beta)""",
        differentiate="""\
t = tf.constant($x, "$dtype")


@tf.function(jit_compile=True)
def normalise(t, gamma, beta):
    mean, var = tf.nn.moments(t, $others, keepdims=True) if $training else (running_mean, running_var)
    return tf.nn.batch_normalization(t, mean, var, beta, gamma, $epsilon)


with tf.GradientTape() as tape:
    tape.watch([t, gamma, beta])
    y = normalise(t, gamma, beta)
dx, dgamma, dbeta = tape.gradient(y, [t, gamma, beta], tf.constant($dy, "$dtype"))""",
    )

    def build(self, config: LayerConfig) -> FunctionLayer:
        return (FunctionLayer if config.eager else _Layer)(config)
