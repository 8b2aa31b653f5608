"""TensorFlow: the kernel that is fused into one, ``tf.compat.v1.nn.fused_batch_norm``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Idiom, LayerConfig
from conformance.implementations._tape import SECOND, Recorded

# isort: split
# After what sets the environment.
import tensorflow as tf

_FORMATS = {(4, 1): "NCHW", (4, 3): "NHWC", (5, 1): "NCDHW", (5, 4): "NDHWC"}  # by rank and axis


class _Layer(Recorded):
    def __init__(self, config: LayerConfig) -> None:
        rank = len(config.input_shape)
        self._config, self._format = config, _FORMATS[rank, config.axis % rank]
        self._given: dict[str, Any] = {}

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(value.numpy()) for name, value in self._given.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        self._given |= {name: tf.constant(value, tf.float32) for name, value in parameters.items()}
        self.affine = {name: self._given[name] for name in ("gamma", "beta") if name in self._given}

    def call(self, x: Any, training: bool) -> Any:
        given = self._given
        y, _, _ = tf.compat.v1.nn.fused_batch_norm(
            x,
            given["gamma"],
            given["beta"],
            mean=None if training else given["running_mean"],
            variance=None if training else given["running_var"],
            epsilon=self._config.epsilon,
            data_format=self._format,
            is_training=training,
        )
        return y


class TensorFlowFused:
    """``tf.compat.v1.nn.fused_batch_norm``: x, scale, offset, mean, variance, epsilon, data_format, is_training.

    https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/fused_batch_norm. A function, which Keras uses for
    images; the statistics of the batch that it also returns are left alone. Whatever the dtype of x, its other
    arguments have to be float32, to which they are converted, exactly. Gradients are ``tf.GradientTape``'s.
    """

    name = "TensorFlow nn.fused_batch_norm"
    version = str(tf.__version__)
    capabilities = Capabilities(
        dtypes=("float32", "float16", "bfloat16"),
        ranks=(4, 5),
        axes=(-1, 1),
        names=(("gamma", "scale"), ("beta", "offset"), ("running_mean", "mean"), ("running_var", "variance")),
        gradients=True,
        outstanding=True,
        derivatives=SECOND,
        affine="always",
        parameters=False,
        running=False,
        mixed=True,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport tensorflow as tf\n\nmean = variance = None",
        build="",
        apply="""\
y, _, _ = tf.compat.v1.nn.fused_batch_norm(
    tf.constant($x, "$dtype"),
    scale,
    offset,
    *((None, None) if $training else (mean, variance)),
    epsilon=$epsilon,
    data_format={(4, 1): "NCHW", (4, 3): "NHWC", (5, 1): "NCDHW", (5, 4): "NDHWC"}[
        len($shape), $axis % len($shape)
    ],
    is_training=$training,
)""",
        differentiate="""\
t = tf.constant($x, "$dtype")
with tf.GradientTape() as tape:
    tape.watch([t, scale, offset])
    y, _, _ = tf.compat.v1.nn.fused_batch_norm(
        t,
        scale,
        offset,
        *((None, None) if $training else (mean, variance)),
        epsilon=$epsilon,
        data_format={(4, 1): "NCHW", (4, 3): "NHWC", (5, 1): "NCDHW", (5, 4): "NDHWC"}[
            len($shape), $axis % len($shape)
        ],
        is_training=$training,
    )
dx, dgamma, dbeta = tape.gradient(y, [t, scale, offset], tf.constant($dy, "$dtype"))""",
        set=(
            ("gamma", "scale = tf.constant($value, tf.float32)"),
            ("beta", "offset = tf.constant($value, tf.float32)"),
            ("running_mean", "mean = tf.constant($value, tf.float32)"),
            ("running_var", "variance = tf.constant($value, tf.float32)"),
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
