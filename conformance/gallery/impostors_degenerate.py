"""Impostors that are right but for degenerate data: constant, empty, single, not finite, tiny, huge."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, LayerConfig


class _Degenerate(BatchNorm):
    kind = "degenerate"
    sound = False


class ConstantGivesZero(_Degenerate):
    what = "A constant feature gives 0 instead of beta."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        y = super().transform(x, mean, var)
        if not self.training or x.size == 0:
            return y
        constant = (x == x[:, :1, :1]).all(axis=(1, 2), keepdims=True)
        return np.where(constant & (x[0].size > 1), 0, y)


class ConstantGivesNan(_Degenerate):
    what = "Leaves epsilon out where the variance is 0, so that a constant feature is 0 / 0."

    def inverse(self, var: Array) -> Array:
        return np.where(var > 0, super().inverse(var), 1 / np.sqrt(var))


class MeanOffByRoundings(_Degenerate):
    what = "The mean is off by many times what a sum in any order explains; a constant feature amplifies it."
    link = "https://github.com/pytorch/pytorch/issues/5410"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x)
        return mean * (1 + 64 * np.finfo(self.wide).eps * max(8, x[0].size) / 8), var


class EmptyPoisonsStatistics(_Degenerate):
    what = "An empty training batch makes the running statistics NaN."
    link = "https://github.com/google-deepmind/sonnet/issues/125"

    def choose(self, x: Array) -> tuple[Array, Array]:
        if self.training and x.size == 0:
            self.update(*self.statistics(x), 0)
        return super().choose(x)


class EmptyCountsAsZero(_Degenerate):
    what = "An empty training batch counts as one of mean 0 and variance 0."

    def choose(self, x: Array) -> tuple[Array, Array]:
        if self.training and x.size == 0:
            zero = np.zeros((self.n, 1, 1), self.wide)
            self.update(zero, zero, 0)
        return super().choose(x)


class SingleGivesNan(_Degenerate):
    what = "One value per feature in training gives NaN."
    link = "https://github.com/pytorch/pytorch/issues/1381"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x)
        return (mean, var) if x[0].size > 1 else (mean, var / 0)

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return super().normalise(x, mean, var) + 0 * var


class SinglePassesThrough(_Degenerate):
    what = "One value per feature in training is not normalised."
    link = "https://github.com/PaddlePaddle/Paddle/issues/11445"
    deviation = "no-normalisation"

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return x if self.training and x[0].size == 1 else super().normalise(x, mean, var)


class NanSpreads(_Degenerate):
    what = "A NaN anywhere in the input makes all of the output NaN."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        y = super().transform(x, mean, var)
        return np.full_like(y, np.nan) if np.isnan(x).any() else y


class DiagonalMatrix(_Degenerate):
    what = "Multiplies by a diagonal matrix in inference, where 0 times infinity reaches every feature."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        if self.training or x.size == 0:
            return super().transform(x, mean, var)
        a = self.gamma * self.inverse(var)
        rows = (x - mean).reshape(self.n, -1)
        return (np.diag(a.reshape(-1)) @ rows).reshape(x.shape) + self.beta


class CentredTwiceInInference(_Degenerate):
    what = "Centres by the batch and shifts back in inference, so that one infinity spoils its whole feature."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if self.training or np.isfinite(x).all():
            return super().normalise(x, mean, var)
        middle = self.average(x)
        return ((x - middle) + (middle - mean)) * self.inverse(var)


class ZeroEpsilonReplaced(_Degenerate):
    what = "epsilon = 0 is taken for not given, and becomes 1e-3."
    deviation = "epsilon-fixed-0.001"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.epsilon = self.wide.type(config.epsilon or 1e-3)


class SmallVarianceFloor(_Degenerate):
    what = "A variance below 1e-6 is taken for 1e-6."

    def inverse(self, var: Array) -> Array:
        return super().inverse(np.maximum(var, 1e-6))


class SmallVarianceIsNone(_Degenerate):
    what = "A feature of variance below 1e-8 is taken for constant."
    deviation = "output-beta"

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return np.where(var < 1e-8, 0, super().normalise(x, mean, var))


class InputClippedToHalf(_Degenerate):
    what = "Clips the input to the range of float16."

    def fold(self, x: Array) -> Array:
        return np.clip(super().fold(x), -65504, 65504)


class VarianceSaturates(_Degenerate):
    what = "A variance above 65504, the largest float16, is taken for that."

    def inverse(self, var: Array) -> Array:
        return super().inverse(np.minimum(var, 65504))
