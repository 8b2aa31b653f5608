"""Batch norms that are wrong, as somebody would write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Capabilities, LayerConfig


class Layer:
    """A plain batch norm along any axis; what is wrong with it is in the shape of its parameters."""

    def __init__(self, config: LayerConfig, shape: tuple[int, ...]) -> None:
        self.config = config
        self.held: dict[str, np.ndarray] = {}
        if config.scale:
            self.held["gamma"] = np.ones(shape, config.dtype)
        if config.center:
            self.held["beta"] = np.zeros(shape, config.dtype)

    def parameters(self) -> dict[str, np.ndarray]:
        return dict(self.held)

    def load(self, parameters: Mapping[str, np.ndarray]) -> None:
        for name, value in parameters.items():
            self.held[name] = np.broadcast_to(value, self.held[name].shape)

    def along(self, value: np.ndarray, x: np.ndarray) -> np.ndarray:
        """A parameter shaped to broadcast against x."""
        shape = [1] * x.ndim
        shape[self.config.axis] = -1
        return value.reshape(shape) if value.ndim == 1 else value

    def standardise(self, x: np.ndarray, around: tuple[int, ...]) -> np.ndarray:
        mean, var = x.mean(axis=around, keepdims=True), x.var(axis=around, keepdims=True)
        xhat: np.ndarray = (x - mean) / np.sqrt(var + np.float32(self.config.epsilon))
        return xhat

    def forward(self, x: np.ndarray, *, training: bool) -> np.ndarray:
        if not training:
            raise NotImplementedError("this layer keeps no statistics")
        around = tuple(k for k in range(x.ndim) if k != self.config.axis % x.ndim)
        y = self.standardise(x, around)
        if self.config.scale:
            y = y * self.along(self.held["gamma"], x)
        if self.config.center:
            y = y + self.along(self.held["beta"], x)
        return y.astype(x.dtype)


class _Implementation:
    name, version = "wrong", "1"
    capabilities = Capabilities(dtypes=("float32",), inference=False, running=False)


class Scalar(_Implementation):
    """One gamma and one beta for the whole layer."""

    def build(self, config: LayerConfig) -> Any:
        return Layer(config, ())


class Matrix(_Implementation):
    """A gamma and a beta for every place in the batch: (n, m)."""

    def build(self, config: LayerConfig) -> Any:
        return Layer(config, config.input_shape)


class EpsilonOutside(_Implementation):
    """(x - mean) / (sqrt(var) + epsilon)."""

    class Layer(Layer):
        def standardise(self, x: np.ndarray, around: tuple[int, ...]) -> np.ndarray:
            mean, std = x.mean(axis=around, keepdims=True), x.std(axis=around, keepdims=True)
            xhat: np.ndarray = (x - mean) / (std + np.float32(self.config.epsilon))
            return xhat

    def build(self, config: LayerConfig) -> Any:
        return self.Layer(config, (config.input_shape[config.axis],))


class OnePass(_Implementation):
    """The variance as E[x^2] - E[x]^2, in double precision too."""

    capabilities = Capabilities(dtypes=("float32", "float64"), inference=False, running=False)

    class Layer(Layer):
        def standardise(self, x: np.ndarray, around: tuple[int, ...]) -> np.ndarray:
            mean = x.mean(axis=around, keepdims=True)
            var = np.maximum((x * x).mean(axis=around, keepdims=True) - mean * mean, 0)
            xhat: np.ndarray = (x - mean) / np.sqrt(var + x.dtype.type(self.config.epsilon))
            return xhat

    def build(self, config: LayerConfig) -> Any:
        return self.Layer(config, (config.input_shape[config.axis],))
