"""ncnn: its layer BatchNorm, inference of one sample at a time, since it knows no axis of the batch."""

import ncnn
import numpy as np
from sharing import Held

from conformance import Capabilities


class Layer(Held):
    def __init__(self, config):
        self.epsilon, self.n = config.epsilon, config.input_shape[1]
        names = ("gamma", "running_mean", "running_var", "beta")  # in the order of its file of weights
        self.held = {name: np.full(self.n, name in ("gamma", "running_var"), "float32") for name in names}

    def forward(self, x, *, training):
        net = ncnn.Net()
        net.opt.num_threads = 1
        net.load_param_mem(
            f"7767517\n2 2\nInput x 0 1 x\nBatchNorm y 1 1 x y 0={self.n} 1={self.epsilon:e}\n"
        )
        self.weights = (
            np.concatenate(list(self.held.values())).astype("float32").tobytes()
        )  # ncnn reads them there
        net.load_model_mem(self.weights)
        return np.stack([self.sample(net, each) for each in x])

    def sample(self, net, x):
        extractor, given = net.create_extractor(), np.array(x, order="C")
        extractor.input("x", ncnn.Mat(given).clone())
        return np.array(extractor.extract("y")[1])


class NcnnBatchNorm:
    name, version = "ncnn BatchNorm", ncnn.__version__
    capabilities = Capabilities(
        ranks=(2, 3, 4), axes=(1,), affine="always", training=False, parameters=False, running=False
    )
    build = staticmethod(Layer)
