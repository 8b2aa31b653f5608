"""Sonnet 2: ``sonnet.BatchNorm``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.implementation import Array, Capabilities, Idiom, LayerConfig
from conformance.implementations._tape import Recorded

# isort: split
# After what sets the environment.
import sonnet as snt
import tensorflow as tf

_HELD = (
    ("gamma", "scale"),
    ("beta", "offset"),
    ("running_mean", "moving_mean.average"),
    ("running_var", "moving_variance.average"),
)


def held(layer: Any, config: LayerConfig) -> dict[str, Any]:
    """The variables of a layer by canonical name. A moving average is made of a sum and a count, which move on."""
    of_average = {
        f"{name}.{each}": getattr(getattr(layer, name), each)
        for name in ("moving_mean", "moving_variance")
        for each in ("_hidden", "_counter")
    }
    return {
        **({"gamma": layer.scale} if config.scale else {}),
        **({"beta": layer.offset} if config.center else {}),
        "running_mean": layer.moving_mean.average,
        "running_var": layer.moving_variance.average,
        **of_average,
    }


def shaped(parameters: Mapping[str, Array], variables: Mapping[str, Any]) -> dict[str, Array]:
    """An n-vector is given the axes of extent 1 of the variable it is for."""
    shapes = {name: tuple(each.shape) for name, each in variables.items()}
    return {
        name: value.reshape(shapes[name])
        if value.ndim == 1 and name in shapes and value.size == max(shapes[name])
        else value
        for name, value in parameters.items()
    }


class _Layer(Recorded):
    def __init__(self, config: LayerConfig) -> None:
        self._layer = snt.BatchNorm(
            create_scale=config.scale,
            create_offset=config.center,
            **({} if config.defaults else {"decay_rate": config.momentum, "eps": config.epsilon}),
            data_format="channels_first" if config.axis % len(config.input_shape) == 1 else "channels_last",
        )
        # Its variables come to be with the first call, which leaves them alone if it is not for training.
        self._layer(tf.zeros(config.input_shape, config.dtype), is_training=False)
        self.variables = held(self._layer, config)
        self.affine = {name: self.variables[name] for name in ("gamma", "beta") if name in self.variables}

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load(shaped(parameters, self.variables))

    def call(self, x: object, training: bool) -> object:
        return self._layer(x, is_training=training)


class SonnetBatchNorm:
    """``sonnet.BatchNorm``: create_scale, create_offset, decay_rate, eps, data_format.

    https://sonnet.readthedocs.io/en/latest/api.html#batchnorm. Its moving averages are zero-debiased; loaded is the
    average, for which it has no other way than to assign to it. Declared is float32 alone, since it raises for
    other dtypes with features last of four axes. Gradients are ``tf.GradientTape``'s.
    """

    name = "Sonnet"
    version = f"{snt.__version__}, tensorflow {tf.__version__}"
    capabilities = Capabilities(names=_HELD, axes=(1, -1), gradients=True, outstanding=True, defaults=True)
    idiom = Idiom(
        setup="import numpy as np\nimport sonnet as snt\nimport tensorflow as tf",
        build="""\
$layer = snt.BatchNorm(
    create_scale=$scale,
    create_offset=$center,
    decay_rate=$momentum,
    eps=$epsilon,
    data_format="channels_first" if $axis % len($shape) == 1 else "channels_last",
)
$layer(tf.zeros($shape, "$dtype"), is_training=False)""",
        apply='y = $layer(tf.constant($x, "$dtype"), is_training=$training)',
        differentiate="""\
t = tf.constant($x, "$dtype")
with tf.GradientTape() as tape:
    tape.watch(t)
    y = $layer(t, is_training=$training)
dx, dgamma, dbeta = tape.gradient(y, [t, $layer.scale, $layer.offset], tf.constant($dy, "$dtype"))""",
        get=(
            *((name, f"$layer.{native}.numpy().ravel()") for name, native in _HELD),
            ("epsilon", "$layer._eps"),
            ("momentum", "$layer.moving_mean._decay"),
        ),
        set=tuple(
            (name, f"$layer.{native}.assign(tf.reshape($value, $layer.{native}.shape))")
            for name, native in _HELD
        ),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
