"""Keras 2, which lives on as the package ``tf_keras``: ``tf_keras.layers.BatchNormalization``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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


def built(config: LayerConfig, **more: Any) -> tuple[Any, dict[str, Any]]:
    """The layer, with more of its arguments than all have, and its variables by canonical name."""
    layer = tf_keras.layers.BatchNormalization(
        axis=config.axis,
        **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
        center=config.center,
        scale=config.scale,
        dtype=config.dtype if config.parameter_dtype is None else f"mixed_{config.dtype}",
        **more,
    )
    layer.build(config.input_shape)
    layer.trainable = config.frozen != "all"
    # A variable is named "batch_normalization/gamma:0".
    named = {each.name.rpartition("/")[2].partition(":")[0]: each for each in layer.variables}
    canonical = {native: name for name, native in _HELD}
    return layer, {canonical.get(name, name): each for name, each in named.items()}


class _Layer(Recorded):
    def __init__(self, config: LayerConfig, **more: Any) -> None:
        self._layer, self.variables = built(config, **more)
        affine = ("gamma", "beta") if config.learns else ()
        self.affine = {name: self.variables[name] for name in affine if name in self.variables}

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
        mixed=True,
        names=(("running_mean", "moving_mean"), ("running_var", "moving_variance")),
        gradients=True,
        outstanding=True,
        frozen=("all",),
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


class KerasTwoRenorm(KerasTwo):
    """``renorm=True`` with ``renorm_clipping``, in which rmin = rmax = 1 and dmax = 0 leave nothing to correct, and
    training normalises by the batch alone: https://arxiv.org/abs/1702.03275.

    Declared are no defaults, since the paper's are other ones, and no float64, for which it raises.
    """

    name = "Keras 2 (tf_keras), renorm"
    capabilities = replace(
        KerasTwo.capabilities, dtypes=("float32", "float16", "bfloat16"), defaults=False, frozen=()
    )
    idiom = replace(
        KerasTwo.idiom,
        build=KerasTwo.idiom.build.replace(
            'dtype="$dtype"\n',
            'dtype="$dtype",\n    renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}\n',
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config, renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0})
