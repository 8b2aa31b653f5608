"""jax.example_libraries.stax: BatchNorm, in training; it keeps no statistics."""

import os

os.environ.update(JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu")

import jax
import numpy as np
from jax.example_libraries.stax import BatchNorm
from sharing import Held

from conformance import Capabilities, Gradients


class Layer(Held):
    def __init__(self, config):
        around = tuple(k for k in range(len(config.input_shape)) if k != config.feature_axis)
        self.call, n = BatchNorm(around, config.epsilon)[1], config.input_shape[config.axis]
        self.held = {"gamma": np.ones(n, config.dtype), "beta": np.zeros(n, config.dtype)}

    def forward(self, x, *, training):
        given = np.array(x), self.held["gamma"], self.held["beta"]
        y, self.back = jax.vjp(lambda x, gamma, beta: self.call((beta, gamma), x), *given)
        return np.array(y)

    def backward(self, dy):
        return Gradients(*map(np.array, self.back(jax.numpy.array(dy))))


class StaxBatchNorm:
    name, version = "stax BatchNorm", jax.__version__
    capabilities = Capabilities(
        ("float32", "float64"), affine="always", gradients=True, inference=False, running=False, compiles=True
    )
    build = staticmethod(Layer)
