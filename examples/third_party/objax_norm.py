"""Objax: nn.BatchNorm, whose parameters are of shape (1, n, 1, ...)."""

import os

os.environ.update(JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu", TF_CPP_MIN_LOG_LEVEL="3")

import jax
import numpy as np

jax.sharding.PmapSharding = type(None)  # Objax still asks for it, and JAX has it no more.

import objax
from sharing import Held

from conformance import Capabilities, Gradients


class Layer(Held):
    def __init__(self, config):
        shape, around = np.ones(len(config.input_shape), int), np.arange(len(config.input_shape))
        shape[config.axis] = config.input_shape[config.axis]
        around = [int(k) for k in around if k != config.feature_axis]
        self.layer = objax.nn.BatchNorm(shape.tolist(), around, config.momentum, config.epsilon)
        names = "gamma", "beta", "running_mean", "running_var"
        self.variables = {name: getattr(self.layer, name) for name in names}
        for each in self.variables.values():
            each.assign(each.value.astype(config.dtype))

    held = property(lambda self: {name: np.ravel(each.value) for name, each in self.variables.items()})

    def load(self, parameters):
        for name, value in parameters.items():
            self.variables[name].assign(jax.numpy.reshape(np.array(value), self.variables[name].value.shape))

    def forward(self, x, *, training):
        def call(x, gamma, beta):
            self.layer.gamma.assign(gamma)
            self.layer.beta.assign(beta)
            return self.layer(x, training), [each.value for each in self.variables.values()]

        affine = self.layer.gamma.value, self.layer.beta.value
        y, self.back, after = jax.vjp(call, jax.numpy.array(x), *affine, has_aux=True)
        for each, value in zip(self.variables.values(), [*affine, *after[2:]], strict=True):
            each.assign(value)
        return np.array(y)

    def backward(self, dy):
        return Gradients(
            *(np.array(each) if k == 0 else np.ravel(each) for k, each in enumerate(self.back(dy)))
        )


class ObjaxBatchNorm:
    name, version = "Objax nn.BatchNorm", objax.__version__
    capabilities = Capabilities(("float32", "float64"), affine="always", gradients=True, compiles=True)
    build = staticmethod(Layer)
