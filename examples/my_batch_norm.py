"""The shortest honest adapter: training only, float32, no gradients. Its batch norm has a common defect."""

import numpy as np

from conformance import Capabilities


class MyLayer:
    def __init__(self, config):
        self.config, n = config, config.input_shape[config.axis]
        self.held = {"gamma": np.ones(n, np.float32), "beta": np.zeros(n, np.float32)}

    def parameters(self):
        return self.held

    def load(self, parameters):
        for name, value in parameters.items():
            if value.shape != self.held[name].shape:
                raise ValueError(f"{name} has shape {value.shape}, not {self.held[name].shape}")
            self.held[name] = value

    def forward(self, x, *, training):
        if x.shape[1] != self.held["gamma"].size:
            raise ValueError(f"x has {x.shape[1]} features, not {self.held['gamma'].size}")
        mean = x.mean(axis=0)
        var = (x**2).mean(axis=0) - mean**2
        xhat = (x - mean) / np.sqrt(var + np.float32(self.config.epsilon))
        return self.held["gamma"] * xhat + self.held["beta"]


class MyBatchNorm:
    name, version = "my batch norm", "1.0"
    capabilities = Capabilities(ranks=(2,), axes=(1,), affine="always", inference=False, running=False)
    build = staticmethod(MyLayer)
