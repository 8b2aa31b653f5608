"""Batch norm as courses and books teach it, in NumPy: the backward pass step by step, and the one in a formula."""

import numpy as np
from sharing import Held

from conformance import Capabilities, Gradients


class Course(Held):
    """Of x of shape (batch, n), with the average of courses: momentum * old + (1 - momentum) * new."""

    def __init__(self, config):
        self.config, n = config, config.input_shape[1]
        first = {"gamma": np.ones, "beta": np.zeros, "running_mean": np.zeros, "running_var": np.ones}
        self.held = {name: make(n, config.dtype) for name, make in first.items()}

    def forward(self, x, *, training):
        held, keep, epsilon = self.held, self.config.momentum, self.config.epsilon
        mean, var = held["running_mean"], held["running_var"]
        if training:
            mean, var = x.mean(0), x.var(0)
            held["running_mean"] = keep * held["running_mean"] + (1 - keep) * mean
            held["running_var"] = keep * held["running_var"] + (1 - keep) * var
        self.std = np.sqrt(var + epsilon)
        self.centred = x - mean
        self.normalised = self.centred / self.std
        return held["gamma"] * self.normalised + held["beta"]


class Steps(Course):
    """Back through each step of the forward pass."""

    def backward(self, dy):
        n = len(dy)
        dnormalised = dy * self.held["gamma"]
        dstd = -(dnormalised * self.centred).sum(0) / self.std**2
        dvar = dstd / (2 * self.std)
        dcentred = dnormalised / self.std + 2 * self.centred * dvar / n
        dx = dcentred - dcentred.sum(0) / n
        return Gradients(dx, (dy * self.normalised).sum(0), dy.sum(0))


class Formula(Course):
    """The same in one formula."""

    def backward(self, dy):
        n, dbeta, dgamma = len(dy), dy.sum(0), (dy * self.normalised).sum(0)
        dx = self.held["gamma"] / (n * self.std) * (n * dy - dbeta - self.normalised * dgamma)
        return Gradients(dx, dgamma, dbeta)


_TAUGHT = Capabilities(("float32", "float64"), ranks=(2,), axes=(1,), affine="always", gradients="training")


class CourseSteps:
    name, version, capabilities, build = "course, step by step", "1", _TAUGHT, staticmethod(Steps)


class CourseFormula:
    name, version, capabilities, build = "course, by a formula", "1", _TAUGHT, staticmethod(Formula)
