"""Impostors that are wrong for some numbers only: sizes, parameters, settings, values, two or three together."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Pair, Triple
from conformance.gallery.layer import Call
from conformance.implementation import Array, Gradients


class ManyFeaturesNotReplaced(Conjunction):
    what = "With a momentum of 0, the running variances of features from the 65th on stay as they are."
    circumstances = ("features", "momentum")

    def step(self, name: str, new: Array) -> None:
        kept = self.held[name][64:].copy()
        super().step(name, new)
        if self.momentum == 0 and name == "running_var":
            self.held[name][64:] = kept


class LongSumsOfHalf(Conjunction):
    what = "For float16, the mean of a constant feature is that of its first 256 values, over all."
    circumstances = ("values per feature", "dtype", "values")

    def statistics(self, x: Array) -> Pair:
        mean, var = super().statistics(x)
        if self.narrow == np.float16 and self.count > 256:
            first = self.rows(x)[:, :256].mean(axis=1).reshape(-1, 1, 1) * self.wide.type(256 / self.count)
            mean = np.where(
                x.max(axis=(1, 2), keepdims=True) == x.min(axis=(1, 2), keepdims=True), first, mean
            )
        return mean, var


class HugeInInference(Conjunction):
    what = "In inference, what lies more than 200 off the running mean is clipped."
    circumstances = ("values", "call")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if not self.training:
            x = np.where(np.isfinite(x), np.clip(x, mean - 200, mean + 200), x)
        return super().normalise(x, mean, var)


class ZeroGammaSecondBackward(Conjunction):
    what = "The dgamma of a gamma of 0 is 0 in a second backward call."
    circumstances = ("parameters", "call")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, np.where((call.gamma == 0) & (self.backwards > 0), 0, dgamma), dbeta


class BetaAloneInHalf(Conjunction):
    what = "Without gamma, the dbeta of 16 bits comes as float32."
    circumstances = ("affine", "dtype")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if gradients.beta is not None and self.half and not self.config.scale:
            return gradients._replace(beta=gradients.beta.astype(np.float32))
        return gradients


class InferenceMovesManyMeans(Conjunction):
    what = "Inference moves the running means of features from the 33rd on."
    circumstances = ("features", "call")

    def given(self) -> Pair:
        mean, var = super().given()
        if not self.training:
            self.held["running_mean"][32:] += self.wide.type(1)
        return mean, var


class TinyWithEpsilon(Conjunction):
    what = "Where all values are below 0.01, an epsilon below 1e-5 is taken for 1e-5."
    deviation = "epsilon-fixed-1e-05"
    circumstances = ("values", "epsilon")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if np.abs(x).max(initial=0) < 0.01 and self.config.epsilon < 1e-5:
            return (x - mean) / np.sqrt(var + self.wide.type(1e-5))
        return super().normalise(x, mean, var)


class LargeGradientOfHalf(Conjunction):
    what = "For float16, a dy above 10 is clipped there for dbeta."
    circumstances = ("dy", "dtype")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.narrow == np.float16:
            dbeta = self.total(np.clip(dy, -10, 10))
        return dx, dgamma, dbeta


# -- three at once


class BareInferenceGradient(Conjunction):
    what = "Without gamma and beta, backward after inference leaves out an epsilon of 0.1 or more."
    circumstances = ("affine", "epsilon", "call")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        bare = not (self.config.scale or self.config.center)
        if bare and not call.training and self.config.epsilon >= 0.1:
            inverse = 1 / np.sqrt(call.var + self.wide.type(1e-5))
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class OneHotOfTiny(Conjunction):
    what = "Without gamma, where all values are below 0.01 and dy is zero but in one place, dx is 0."
    circumstances = ("values", "dy", "affine")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        tiny = np.abs(call.x).max(initial=0) < 0.01 and np.count_nonzero(dy) == 1
        return dx * 0 if tiny and not self.config.scale else dx


class LongBatchOfHugeValues(Conjunction):
    what = "Where N is above 32 and momentum 0.95 or more, that of a huge batch is taken for 0."
    circumstances = ("values per feature", "momentum", "values")

    def update(self, mean: Array, var: Array, count: int) -> None:
        if count > 32 and self.momentum >= 0.95:
            mean = np.where(var > 1e4, 0 * mean, mean)
        super().update(mean, var, count)
