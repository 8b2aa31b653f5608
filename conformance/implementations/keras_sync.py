"""Keras 3 over several replicas: ``keras.layers.BatchNormalization`` with ``synchronized=True``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import LayerConfig
from conformance.implementations._mirrored import REPLICAS, Mirrored
from conformance.implementations.keras import KerasTensorFlow, built, canonical


class _Layer(Mirrored):
    def __init__(self, keras: Any, config: LayerConfig) -> None:
        super().__init__(config.replicas)
        with self.strategy.scope():
            self._layer = built(keras, config, synchronized=True)
        self.variables = {canonical(each): each.value for each in self._layer.variables}
        self.affine = {canonical(each): each.value for each in self._layer.trainable_variables}

    def call(self, x: Any, training: bool) -> Any:
        return self._layer(x, training=training)


class KerasSync(KerasTensorFlow):
    """``synchronized=True``, which Keras has on TensorFlow alone, under ``tf.distribute.MirroredStrategy``.

    https://keras.io/api/layers/normalization_layers/batch_normalization/ and
    https://keras.io/guides/distributed_training_with_tensorflow/. Masks are not declared, since with
    one Keras does not synchronise.
    """

    name = "Keras (TensorFlow), synchronized"
    capabilities = replace(
        KerasTensorFlow.capabilities,
        saves=(),
        mask=False,
        replicas=REPLICAS,
        uneven=True,
        derivatives=(),
        outstanding=False,
        frozen=(),
    )
    idiom = replace(
        KerasTensorFlow.idiom,
        build=KerasTensorFlow.idiom.build.replace('dtype="$dtype"', 'dtype="$dtype", synchronized=True'),
    )

    def build(self, config: LayerConfig) -> Any:
        return _Layer(self._keras, config)
