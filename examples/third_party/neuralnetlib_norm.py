"""neuralnetlib: layers.BatchNormalization, in NumPy, with the features last."""

from importlib.metadata import version as version_of

from neuralnetlib.layers import BatchNormalization
from sharing import Held

from conformance import Capabilities, Gradients


class Layer(Held):
    def __init__(self, config):
        self.layer = BatchNormalization(config.momentum, config.epsilon)
        self.layer.initialize_weights(config.input_shape[-1:])
        self.held = vars(self.layer)

    def parameters(self):
        return {name: self.held[name].copy() for name in ("gamma", "beta", "running_mean", "running_var")}

    def forward(self, x, *, training):
        return self.layer.forward_pass(x, training)

    def backward(self, dy):
        return Gradients(self.layer.backward_pass(dy), self.layer.d_gamma, self.layer.d_beta)


class NeuralNetLibBatchNorm:
    name, version = "neuralnetlib BatchNormalization", version_of("neuralnetlib")
    capabilities = Capabilities(("float64",), axes=(-1,), affine="always", gradients=True)
    build = staticmethod(Layer)
