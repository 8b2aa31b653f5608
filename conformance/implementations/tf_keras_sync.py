"""Keras 2 over several replicas: ``tf_keras.layers.BatchNormalization`` with ``synchronized=True``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import LayerConfig
from conformance.implementations._mirrored import REPLICAS, Mirrored
from conformance.implementations.tf_keras import KerasTwo, built


class _Layer(Mirrored):
    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config.replicas)
        with self.strategy.scope():
            self._layer, self.variables = built(config, synchronized=True)
        self.affine = {name: self.variables[name] for name in ("gamma", "beta") if name in self.variables}

    def call(self, x: Any, training: bool) -> Any:
        return self._layer(x, training=training)


class KerasTwoSync:
    """``synchronized=True`` under ``tf.distribute.MirroredStrategy``.

    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization
    """

    name = "Keras 2 (tf_keras), synchronized"
    version = KerasTwo.version
    capabilities = replace(
        KerasTwo.capabilities, outstanding=False, frozen=(), replicas=REPLICAS, uneven=True
    )
    idiom = replace(
        KerasTwo.idiom,
        build=KerasTwo.idiom.build.replace('dtype="$dtype"', 'dtype="$dtype", synchronized=True'),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
