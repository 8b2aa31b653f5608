"""An adapter of a Keras layer on TensorFlow, here keras.layers.BatchNormalization, that works as it stands. CHANGE
marks the places to make yours.

bnconf smoke FILE:MyBatchNorm    is the adapter in order?
bnconf run FILE:MyBatchNorm      is the batch norm right?
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from conformance.implementation import Array, Capabilities, Gradients, LayerConfig

# CHANGE: what your layer calls its variables.
NAMES = {"gamma": "gamma", "beta": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def layer(config: LayerConfig) -> Any:
    """A fresh layer for inputs like config.input_shape."""
    # CHANGE: make your layer. Pass epsilon and momentum on as they are: which way round momentum works is measured.
    return keras.layers.BatchNormalization(
        axis=config.axis,
        epsilon=config.epsilon,
        momentum=config.momentum,
        scale=config.scale,
        center=config.center,
        dtype=config.dtype,
    )


class MyBatchNormLayer:
    """The layer, with NumPy arrays coming in and going out."""

    def __init__(self, config: LayerConfig) -> None:
        self.layer = layer(config)
        self.layer.build(config.input_shape)
        held = {each.name: each for each in self.layer.variables}
        self.held = {ours: held[theirs] for ours, theirs in NAMES.items() if theirs in held}

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(each.value.numpy()) for name, each in self.held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            self.held[name].assign(value)

    def forward(self, x: Array, *, training: bool) -> Array:
        self.inputs: dict[str, Any] = {"x": tf.constant(x)}
        self.inputs |= {name: self.held[name].value for name in ("gamma", "beta") if name in self.held}
        with tf.GradientTape(persistent=True) as self.tape:
            self.tape.watch(self.inputs["x"])
            self.y = self.layer(self.inputs["x"], training=training)
        return np.array(self.y.numpy())

    def backward(self, dy: Array) -> Gradients:
        found = self.tape.gradient(self.y, self.inputs, output_gradients=tf.constant(dy))
        return Gradients(**{name: np.array(each.numpy()) for name, each in found.items()})


class MyBatchNorm:
    """What is judged. It is made without arguments."""

    # CHANGE: what the report calls it.
    name = "MyBatchNorm"
    version = f"keras {keras.__version__}"
    # CHANGE: what it does. What is declared is asked for; see Capabilities for all there is to declare.
    capabilities = Capabilities(
        dtypes=("float32", "float64"),
        ranks=(2, 3, 4, 5),
        axes="any",  # or those it has, such as (-1,)
        gradients=True,  # or "training"
        names=(("running_mean", "moving_mean"), ("running_var", "moving_variance")),
    )

    def build(self, config: LayerConfig) -> Any:
        """A fresh layer, as it is by default."""
        return MyBatchNormLayer(config)
