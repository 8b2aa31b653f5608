"""Keras 2, which lives on as the package ``tf_keras``: ``tf_keras.layers.BatchNormalization``."""

from __future__ import annotations

from conformance.implementation import Capabilities, Idiom, LayerConfig
from conformance.implementations._tape import DTYPES, Recorded

# isort: split
# After what sets the environment.
import tf_keras

_HELD = (
    ("gamma", "gamma"),
    ("beta", "beta"),
    ("running_mean", "moving_mean"),
    ("running_var", "moving_variance"),
)


class _Layer(Recorded):
    def __init__(self, config: LayerConfig) -> None:
        self._layer = tf_keras.layers.BatchNormalization(
            axis=config.axis,
            **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
            center=config.center,
            scale=config.scale,
            dtype=config.dtype,
        )
        self._layer.build(config.input_shape)
        # A variable is named "batch_normalization/gamma:0".
        named = {each.name.rpartition("/")[2].partition(":")[0]: each for each in self._layer.variables}
        canonical = {native: name for name, native in _HELD}
        self.variables = {canonical.get(name, name): each for name, each in named.items()}
        self.affine = {name: self.variables[name] for name in ("gamma", "beta") if name in self.variables}

    def call(self, x: object, training: bool) -> object:
        return self._layer(x, training=training)


class KerasTwo:
    """``tf_keras.layers.BatchNormalization``: axis, momentum, epsilon, center, scale, dtype.

    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization. With features
    first or last of four axes, but for float64, it calls the fused kernel of TensorFlow, otherwise ``tf.nn``.
    Parameters are loaded by ``Variable.assign``; gradients are ``tf.GradientTape``'s.
    """

    name = "Keras 2 (tf_keras)"
    version = str(tf_keras.__version__)
    capabilities = Capabilities(
        dtypes=DTYPES,
        names=(("running_mean", "moving_mean"), ("running_var", "moving_variance")),
        gradients=True,
        defaults=True,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport tensorflow as tf\nimport tf_keras",
        build="""\
$layer = tf_keras.layers.BatchNormalization(
    axis=$axis, momentum=$momentum, epsilon=$epsilon, center=$center, scale=$scale, dtype="$dtype"
)
$layer.build($shape)""",
        apply='y = $layer(tf.constant($x, "$dtype"), training=$training)',
        differentiate="""\
t = tf.constant($x, "$dtype")
with tf.GradientTape() as tape:
    tape.watch(t)
    y = $layer(t, training=$training)
dx, dgamma, dbeta = tape.gradient(y, [t, $layer.gamma, $layer.beta], tf.constant($dy, "$dtype"))""",
        get=(
            *((name, f"$layer.{native}.numpy()") for name, native in _HELD),
            ("epsilon", "$layer.epsilon"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple((name, f"$layer.{native}.assign($value)") for name, native in _HELD),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
