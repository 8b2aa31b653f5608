"""Sonnet 2 over several replicas: ``sonnet.distribute.CrossReplicaBatchNorm``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.implementation import Array, LayerConfig
from conformance.implementations._mirrored import REPLICAS, Mirrored
from conformance.implementations._tape import DTYPES
from conformance.implementations.sonnet import SonnetBatchNorm, held, shaped

# isort: split
# After what sets the environment.
import sonnet as snt
import tensorflow as tf


class _Layer(Mirrored):
    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config.replicas, snt.distribute.Replicator)
        with self.strategy.scope():
            self._layer = snt.distribute.CrossReplicaBatchNorm(
                create_scale=config.scale,
                create_offset=config.center,
                moving_mean=snt.ExponentialMovingAverage(config.momentum),
                moving_variance=snt.ExponentialMovingAverage(config.momentum),
                eps=config.epsilon,
                data_format="channels_first"
                if config.axis % len(config.input_shape) == 1
                else "channels_last",
            )
            # Its variables come to be with the first call, which leaves them alone if it is not for training.
            zeros = tf.zeros(config.input_shape, config.dtype)
            self.strategy.run(lambda: self._layer(zeros, is_training=False))
        self.variables = held(self._layer, config)
        self.hidden = self._layer.variables  # those of its averages
        self.affine = {name: self.variables[name] for name in ("gamma", "beta") if name in self.variables}

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load(shaped(parameters, self.variables))

    def call(self, x: Any, training: bool) -> Any:
        return self._layer(x, is_training=training)


class SonnetCrossReplica:
    """``sonnet.distribute.CrossReplicaBatchNorm``: create_scale, create_offset, moving_mean, moving_variance, eps,
    data_format, under ``sonnet.distribute.Replicator``.

    https://sonnet.readthedocs.io/en/latest/api.html#crossreplicabatchnorm. The moving averages are those that
    ``sonnet.BatchNorm`` makes for itself; decay_rate has no default.
    """

    name = "Sonnet CrossReplicaBatchNorm"
    version = SonnetBatchNorm.version
    capabilities = replace(
        SonnetBatchNorm.capabilities,
        dtypes=DTYPES,
        defaults=False,
        outstanding=False,
        replicas=REPLICAS,
        uneven=True,
    )
    idiom = replace(
        SonnetBatchNorm.idiom,
        build="""\
$layer = snt.distribute.CrossReplicaBatchNorm(
    create_scale=$scale,
    create_offset=$center,
    moving_mean=snt.ExponentialMovingAverage($momentum),
    moving_variance=snt.ExponentialMovingAverage($momentum),
    eps=$epsilon,
    data_format="channels_first" if $axis % len($shape) == 1 else "channels_last",
)
$layer(tf.zeros($shape, "$dtype"), is_training=False)""",
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
