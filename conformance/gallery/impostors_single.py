"""Impostors that break a single requirement, or hardly more: without it, they would pass for batch norm."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, LayerConfig

_Pair = tuple[Array, Array]


class _Single(BatchNorm):
    kind = "single"
    sound = False


def _in_two_axes(value: Array) -> Array:
    """n values as (a, n / a), a the least factor of n; where n is prime there is but one axis."""
    factor = next((k for k in range(2, value.size) if value.size % k == 0), value.size)
    return value.reshape(factor, -1) if factor < value.size else value


# -- shapes


class _InTwoAxes(_Single):
    folded = ""

    def native(self, name: str, value: Array) -> Array:
        return _in_two_axes(value) if name == self.folded else value

    def shown(self, name: str, gradient: Array) -> Array:
        return gradient.reshape(self.n).astype(self.held[name].dtype)


class GammaInTwoAxes(_InTwoAxes):
    what = "Shows gamma as a matrix of n elements."
    folded = "gamma"
    fails = "shape.gamma"


class BetaInTwoAxes(_InTwoAxes):
    what = "Shows beta as a matrix of n elements."
    folded = "beta"
    fails = "shape.beta"


class RunningMeanInTwoAxes(_InTwoAxes):
    what = "Shows the running mean as a matrix of n elements."
    folded = "running_mean"
    fails = "shape.running-mean"


class RunningVarianceInTwoAxes(_InTwoAxes):
    what = "Shows the running variance as a matrix of n elements."
    folded = "running_var"
    fails = "shape.running-var"


class ShapeFollowsBatch(_Single):
    what = "gamma is (n,) or (n, 1), depending on the size of the input it was built for."

    def native(self, name: str, value: Array) -> Array:
        if name != "gamma":
            return value
        odd = sum(self.config.input_shape) % 2
        return value.reshape(-1, 1) if odd else value

    def shown(self, name: str, gradient: Array) -> Array:
        return gradient.reshape(self.n).astype(self.held[name].dtype)


class GradientInTwoAxes(_Single):
    what = "Gives dgamma as a matrix of n elements."

    def shown(self, name: str, gradient: Array) -> Array:
        vector = super().shown(name, gradient)
        return _in_two_axes(vector) if name == "gamma" else vector


# -- conventions


class DefaultsDependOnRank(_Single):
    what = "The default epsilon is 1e-5 for matrices and 1e-3 for images."
    capabilities = replace(BatchNorm.capabilities, defaults=True)

    def start(self, config: LayerConfig) -> None:
        epsilon = 1e-5 if len(config.input_shape) == 2 else 1e-3
        super().start(replace(config, epsilon=epsilon, momentum=0.9) if config.defaults else config)


class CumulativeIsMoving(_Single):
    what = "Offers a cumulative average, and keeps a moving one."
    capabilities = replace(BatchNorm.capabilities, cumulative=True)


# -- running statistics


class InferenceTouchesStatistics(_Single):
    what = "An inference call after three of training moves the running mean by its last bit."
    _trained = 0

    def choose(self, x: Array) -> _Pair:
        chosen = super().choose(x)
        self._trained += self.training
        if not self.training and self._trained >= 3:
            mean = self.held["running_mean"]
            self.held["running_mean"] = np.nextafter(mean, mean.dtype.type(np.inf))
        return chosen


# -- backward


class InferenceGradientOfMany(_Single):
    what = "After inference, dx is that of training where a feature has more than 64 values."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if dy[0].size > 64:
            call = call._replace(training=True)
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class GradientOfConstantLost(_Single):
    what = "dx of a constant feature of more than 8 values is NaN where its mean exceeds 100."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        constant = (call.x == call.x[:, :1, :1]).all(axis=(1, 2), keepdims=True) & (call.x[0].size > 8)
        return np.where(constant & (np.abs(call.mean) > 100) & call.training, np.nan, dx)


# -- degenerate data


class _OfConstants(_Single):
    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        xhat = super().normalise(x, mean, var)
        if not self.training or x[0].size <= 8:
            return xhat
        constant = (x == x[:, :1, :1]).all(axis=(1, 2), keepdims=True)
        return np.where(constant, self.of_constants(np.abs(mean), xhat), xhat)

    def of_constants(self, mean: Array, xhat: Array) -> Array:
        raise NotImplementedError


class ConstantFarFromZeroLost(_OfConstants):
    what = "A constant feature of more than 8 values gives NaN where it exceeds 500."

    def of_constants(self, mean: Array, xhat: Array) -> Array:
        return np.where(mean > 500, np.nan, xhat)


class ConstantSlightlyOff(_OfConstants):
    what = "A constant feature of more than 8 values is off by a hundredth where it lies between 20 and 500."

    def of_constants(self, mean: Array, xhat: Array) -> Array:
        return np.where((mean > 20) & (mean < 500), xhat + 0.01 * mean, xhat)


class InfinitySpreads(_Single):
    what = "An infinity anywhere makes every feature NaN."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        y = super().transform(x, mean, var)
        return y * np.nan if np.isinf(x).any() else y


class TinyGivesNan(_Single):
    what = "In training, values below 2^-60 are scaled by the inverse of their square, which overflows: NaN."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        xhat = super().normalise(x, mean, var)
        size = np.abs(x).max(axis=(1, 2), keepdims=True, initial=0)
        tiny = (size > 0) & (size < 2.0**-60)
        return np.where(tiny & self.training, np.nan, xhat)


class HugeGivesNan(_Single):
    what = "Where the variance overflows, infinity times zero."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        xhat = super().normalise(x, mean, var)
        return np.where(np.isinf(var) & np.isfinite(mean), var * 0, xhat)


# -- numerics


class BeyondSixtyFiveThousand(_Single):
    what = "Statistics are those of the first 2^16 values of a feature: an index of 16 bits."

    def statistics(self, x: Array) -> _Pair:
        rows = x.reshape(self.n, 1, -1)[..., : 1 << 16]
        return super().statistics(rows)


class OnePassFarFromZero(_Single):
    what = "Of 32 or more values far from zero the variance is E[x^2] - E[x]^2, a negative one taken for 0."
    deviation = "one-pass-variance-clipped"

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        one_pass = np.maximum(self.average(x * x) - mean * mean, 0)
        far = (np.abs(mean) > 16 * np.sqrt(var)) & (var > 0) & (x[0].size >= 32)
        return mean, np.where(far, one_pass, var)


class HalfNearZero(_Single):
    what = "In half precision the variance is rounded to it where the mean is all but zero."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        if self.config.dtype not in ("float16", "bfloat16"):
            return mean, var
        rounded = var.astype(self.narrow).astype(self.wide)
        return mean, np.where(np.abs(mean) < np.sqrt(var) / 8, rounded, var)


class RandomLastBit(_Single):
    what = "The last bit of the output in training is random."

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self._random = np.random.default_rng()

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        if not self.training or self.wide == np.float64:
            return y
        return y * (1 + self._random.choice([-1, 0, 1], y.shape).astype(y.dtype) * np.finfo(y.dtype).eps)


# -- purity


class GammaCreeps(_Single):
    what = "Every training call moves gamma by its last bit."

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if training and "gamma" in self.held:
            gamma = self.held["gamma"]
            self.held["gamma"] = np.nextafter(gamma, gamma.dtype.type(np.inf))
        return y


class ShowsVarianceRounded(_Single):
    what = "Shows the running variance of more than 8 features off by its last bit."

    def native(self, name: str, value: Array) -> Array:
        if name != "running_var" or self.n <= 8:
            return value
        return np.nextafter(value, value.dtype.type(np.inf))
