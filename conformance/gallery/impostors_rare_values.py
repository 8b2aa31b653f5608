"""Impostors that are wrong in a corner of the parameters, or wrong everywhere by very little."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, LayerConfig

_Pair = tuple[Array, Array]


class _Rare(BatchNorm):
    kind = "rare"
    sound = False


# -- gamma and beta


class NegativeGamma(_Rare):
    what = "A negative gamma is taken for 0."
    link = "https://github.com/LeelaChessZero/lc0/pull/779"

    def affine(self, xhat: Array) -> Array:
        return xhat * np.maximum(self.gamma, 0) + self.beta


class ZeroGamma(_Rare):
    what = "Divides beta by gamma, so that a gamma of 0 gives NaN."
    link = "https://github.com/LeelaChessZero/lc0/pull/779"

    def affine(self, xhat: Array) -> Array:
        return np.where(self.gamma == 0, (xhat + self.beta / self.gamma) * self.gamma, super().affine(xhat))


class SmallGamma(_Rare):
    what = "A gamma below 0.01 in size is taken for 0.01."

    def affine(self, xhat: Array) -> Array:
        gamma = self.gamma
        floor = np.copysign(self.wide.type(0.01), gamma)
        return xhat * np.where(np.abs(gamma) < 0.01, np.where(gamma == 0, 0, floor), gamma) + self.beta


class LargeGamma(_Rare):
    what = "A gamma above 127 saturates, as in eight bits."

    def affine(self, xhat: Array) -> Array:
        return xhat * np.clip(self.gamma, -128, 127) + self.beta


class LargeBeta(_Rare):
    what = "A beta beyond 64 is taken for 64."

    def affine(self, xhat: Array) -> Array:
        return xhat * self.gamma + np.clip(self.beta, -64, 64)


class BetaHiddenByGammaOne(_Rare):
    what = "Where every gamma is 1 a shortcut is taken, in which beta is forgotten."
    deviation = "beta-ignored"

    def affine(self, xhat: Array) -> Array:
        return xhat if (self.gamma == 1).all() else super().affine(xhat)


# -- epsilon and momentum


class LargeEpsilon(_Rare):
    what = "An epsilon of 1e-2 or more is taken for 1e-3."
    deviation = "epsilon-fixed-0.001"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        if config.epsilon >= 1e-2:
            self.epsilon = self.wide.type(1e-3)


class SmallEpsilon(_Rare):
    what = "An epsilon below 1e-5 is taken for 1e-5, once the least that cuDNN took."
    link = "https://github.com/tianzhi0549/FCOS/issues/219"
    deviation = "epsilon-fixed-1e-05"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.epsilon = self.wide.type(max(config.epsilon, 1e-5))


class EpsilonInHalf(_Rare):
    what = "epsilon is rounded to float16: one part in a thousand, or 0."
    deviation = "epsilon-rounded-to-half"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.epsilon = self.wide.type(np.float16(config.epsilon))


class EpsilonCorrectedInVariance(_Rare):
    what = "Adds epsilon to the sum of squares before it divides by N, so that epsilon is too small by N."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if not self.training or x.size == 0:
            return super().normalise(x, mean, var)
        return (x - mean) / np.sqrt(var + self.epsilon / x[0].size)


class MomentumZero(_Rare):
    what = "momentum = 0 is taken for not given, and becomes 0.9."
    deviation = "momentum-fixed-0.9"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.momentum = config.momentum or 0.9


class MomentumOne(_Rare):
    what = "momentum = 1 is taken for 0.999, so that the statistics creep."
    deviation = "momentum-fixed-0.999"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.momentum = min(config.momentum, 0.999)


class MomentumInHalf(_Rare):
    what = "momentum is rounded to float16."

    def moved(self, old: Array, new: Array) -> Array:
        kept = self.wide.type(np.float16(self.momentum))
        return old * kept + new * (1 - kept)


# -- everywhere, by very little


class VarianceSlightlyOff(_Rare):
    what = "The variance is too large by a ten-thousandth."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        return mean, var * self.wide.type(1.0001)


class MeanSlightlyOff(_Rare):
    what = "The mean is off by a thirty-thousandth of the standard deviation."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        return mean + np.sqrt(var) * self.wide.type(3e-5), var


class MeanOfHalfSum(_Rare):
    what = "Adds up the mean in float16."

    def statistics(self, x: Array) -> _Pair:
        mean = self.average(x.astype(np.float16)).astype(self.wide)
        return mean, self.average(np.square(x - mean))


class CountInHalf(_Rare):
    what = "Multiplies sums by 1 / N rounded to float16, which is exact for powers of two only."

    def average(self, a: Array) -> Array:
        count = a[0].size
        return self.total(a) * self.wide.type(np.float16(1 / count) if count else np.nan)


class OneNewtonStep(_Rare):
    what = "1 / s from eight bits by one Newton step: good to 1e-5."

    def inverse(self, var: Array) -> Array:
        v = var + self.epsilon
        fraction, exponent = np.frexp(1 / np.sqrt(v))
        y = np.ldexp(np.round(fraction * 256) / 256, exponent).astype(self.wide)
        return y * (self.wide.type(1.5) - v / 2 * y * y)


class InferenceRootCoarse(_Rare):
    what = "Inference multiplies by 1 / s rounded to 16 bits."

    def inverse(self, var: Array) -> Array:
        inverse = super().inverse(var)
        if self.training:
            return inverse
        fraction, exponent = np.frexp(inverse)
        return np.ldexp(np.round(fraction * 65536) / 65536, exponent).astype(self.wide)


class GradientGammaSlightlyOff(_Rare):
    what = "dgamma is too large by a thousandth: backward has an epsilon of its own."
    link = "https://github.com/ROCm/MIOpen/issues/2024"

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dgamma * self.wide.type(1.001), dbeta


class GradientSumInHalf(_Rare):
    what = "dx takes the sum of dy rounded to float16."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        rounded = dbeta.astype(np.float16).astype(self.wide)
        return super().input_gradient(call, dy, xhat, inverse, dgamma, rounded)


class RunningVarianceSlightlyOff(_Rare):
    what = "The running variance is that of N + 1 values."

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * (count / (count + 1))
