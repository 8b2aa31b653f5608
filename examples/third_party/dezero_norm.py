"""DeZero: functions.batch_nrom, which layers.BatchNorm calls."""

from importlib.metadata import version as version_of

import numpy as np

np.int = int  # DeZero still asks for it, and NumPy has it no more.

import dezero
from dezero.functions import batch_nrom
from sharing import Held

from conformance import Capabilities, Gradients


class Layer(Held):
    def __init__(self, config):
        self.config, n = config, config.input_shape[1]
        first = {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}
        self.held = {name: np.full(n, value, config.dtype) for name, value in first.items()}

    def forward(self, x, *, training):
        self.inputs = [dezero.Variable(each) for each in (np.array(x), self.held["gamma"], self.held["beta"])]
        statistics = self.held["running_mean"], self.held["running_var"]
        with dezero.using_config("train", training):
            self.y = batch_nrom(*self.inputs, *statistics, self.config.momentum, self.config.epsilon)
        return self.y.data

    def backward(self, dy):
        self.y.grad = dezero.Variable(np.array(dy))
        for each in self.inputs:
            each.cleargrad()
        self.y.backward(retain_grad=True)
        return Gradients(*(each.grad.data for each in self.inputs))


class DeZeroBatchNorm:
    name, version = "DeZero batch_nrom", version_of("dezero")
    capabilities = Capabilities(
        ("float32", "float64"), ranks=(2, 4), axes=(1,), affine="always", gradients="training"
    )
    build = staticmethod(Layer)
