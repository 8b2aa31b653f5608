"""mlx-graphs: nn.BatchNormalization, and HeteroBatchNormalization with one type of node."""

from importlib.metadata import version as version_of

import mlx.core as mx
import numpy as np
from mlx_graphs.nn import norm
from sharing import NATIVE, Held

from conformance import Capabilities, Gradients

mx.set_default_device(mx.cpu)


class Layer(Held):
    def __init__(self, module, held, *kinds):
        self.module, self.inner, self.kinds = module, held, kinds

    held = property(lambda self: {k: np.ravel(self.inner[v]) for k, v in NATIVE.items() if v in self.inner})

    def load(self, parameters):
        for name, value in parameters.items():
            self.inner[NATIVE[name]] = mx.array(np.array(value)).reshape(self.inner[NATIVE[name]].shape)

    def call(self, x, *affine):
        self.inner.update(dict(zip(("weight", "bias"), affine, strict=False)))
        return [self.module(x, *(mx.zeros(len(x), mx.int32) for _ in self.kinds))]

    def forward(self, x, *, training):
        self.module.train(training)
        self.given = mx.array(np.array(x)), *(self.inner[k] for k in ("weight", "bias") if k in self.inner)
        self.before = dict(self.inner)
        return np.array(self.call(*self.given)[0])

    def backward(self, dy):
        after = dict(self.inner)
        self.inner.update(self.before)
        found = mx.vjp(self.call, self.given, [mx.array(np.array(dy))])[1]
        self.inner.update(after)
        return Gradients(np.array(found[0]), *map(np.ravel, found[1:]))


class MlxGraphsBatchNorm:
    name, version = "mlx-graphs BatchNormalization", version_of("mlx-graphs")
    capabilities = Capabilities(ranks=(2,), axes=(1,), affine="joint", gradients=True)

    def build(self, config):
        module = norm.BatchNormalization(config.input_shape[1], config.epsilon, config.momentum, config.scale)
        return Layer(module, module.module)


class MlxGraphsHeteroBatchNorm(MlxGraphsBatchNorm):
    name = "mlx-graphs HeteroBatchNormalization"

    def build(self, config):
        n = config.input_shape[1]
        module = norm.HeteroBatchNormalization(n, 1, config.epsilon, config.momentum, config.scale)
        return Layer(module, module, 1)
