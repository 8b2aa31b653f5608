"""Impostors whose gamma and beta have the wrong shape, or do the wrong thing."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array


class _Affine(BatchNorm):
    kind = "affine"
    sound = False


class ScalarGamma(_Affine):
    what = "Multiplies every feature by the gamma of the first."
    deviation = "scalar-gamma"

    @property
    def gamma(self) -> Array:
        return np.broadcast_to(super().gamma[:1], (self.n, 1, 1))


class ScalarBeta(_Affine):
    what = "Adds the beta of the first feature to every feature."
    deviation = "scalar-beta"

    @property
    def beta(self) -> Array:
        return np.broadcast_to(super().beta[:1], (self.n, 1, 1))


class OneScalarPair(_Affine):
    what = "Has one gamma and one beta for the layer, of shape (1,), and refuses more."

    def create(self) -> dict[str, Array]:
        held = super().create()
        return {name: v[:1] if name in ("gamma", "beta") else v for name, v in held.items()}

    def shown(self, name: str, gradient: Array) -> Array:
        return gradient.sum().reshape(1).astype(self.held[name].dtype)


class MatrixParameters(_Affine):
    what = "Creates gamma and beta as (n, m), one for every place of the input it was built for."

    def native(self, name: str, value: Array) -> Array:
        if name not in ("gamma", "beta"):
            return value
        others = math.prod(self.config.input_shape) // self.n
        return np.repeat(value[:, None], others, axis=1)


class StatisticsPerPlace(_Affine):
    what = "Shows running statistics with the batch's shape, not as n-vectors."

    def native(self, name: str, value: Array) -> Array:
        if not name.startswith("running"):
            return value
        return np.repeat(value[:, None], math.prod(self.shape) // self.n, axis=1)


class GammaBetaSwapped(_Affine):
    what = "y = beta xhat + gamma."
    deviation = "gamma-beta-swapped"

    def affine(self, xhat: Array) -> Array:
        return xhat * self.beta + self.gamma


class BetaBeforeGamma(_Affine):
    what = "y = gamma (xhat + beta)."
    deviation = "beta-before-gamma"

    def affine(self, xhat: Array) -> Array:
        return (xhat + self.beta) * self.gamma


class GammaAbsolute(_Affine):
    what = "Multiplies by |gamma|."
    link = "https://github.com/LeelaChessZero/lc0/pull/779"
    deviation = "gamma-absolute"

    def affine(self, xhat: Array) -> Array:
        return xhat * np.abs(self.gamma) + self.beta


class GammaIgnored(_Affine):
    what = "Takes gamma for 1."
    link = "https://github.com/apache/mxnet/issues/9624"
    deviation = "gamma-ignored"

    def affine(self, xhat: Array) -> Array:
        return xhat + self.beta


class BetaIgnored(_Affine):
    what = "Takes beta for 0."
    deviation = "beta-ignored"

    def affine(self, xhat: Array) -> Array:
        return xhat * self.gamma


class GammaSquared(_Affine):
    what = "Multiplies by gamma twice."
    deviation = "gamma-squared"

    def affine(self, xhat: Array) -> Array:
        return xhat * self.gamma * self.gamma + self.beta


class GammaPlusOne(_Affine):
    what = "Multiplies by 1 + gamma, and creates gamma as 0."
    deviation = "gamma-offset"

    def create(self) -> dict[str, Array]:
        held = super().create()
        return {name: v * (name != "gamma") for name, v in held.items()}

    def affine(self, xhat: Array) -> Array:
        one = self.wide.type(1 if "gamma" in self.held else 0)
        return xhat * (one + self.gamma) + self.beta


class BetaSubtracted(_Affine):
    what = "y = gamma xhat - beta."
    deviation = "beta-negated"

    def affine(self, xhat: Array) -> Array:
        return xhat * self.gamma - self.beta


class ParametersReversed(_Affine):
    what = "Gives the first feature the last gamma and beta, and so on: the vectors are read backwards."
    deviation = "gamma-reversed"

    @property
    def gamma(self) -> Array:
        return super().gamma[::-1]

    @property
    def beta(self) -> Array:
        return super().beta[::-1]


class BetaRolled(_Affine):
    what = "Gives every feature the beta of its neighbour."

    @property
    def beta(self) -> Array:
        return np.roll(super().beta, 1, axis=0)


class ScaleFalseDropsBeta(_Affine):
    what = "Without scale there is no offset either, though it holds one."
    deviation = "beta-ignored"

    def affine(self, xhat: Array) -> Array:
        return super().affine(xhat) if self.config.scale else xhat


class CenterFalseKeepsBeta(_Affine):
    what = "Creates a beta though center is False."

    def create(self) -> dict[str, Array]:
        return {"beta": np.zeros(self.n, self.narrow)} | super().create()


class TakesAnySize(_Affine):
    what = "Repeats or cuts a parameter of the wrong size instead of refusing it."

    def accept(self, name: str, value: Array) -> Array:
        if name in self.held and value.size:
            value = np.resize(value, self.held[name].shape)
        return super().accept(name, value)


class TakesMatrices(_Affine):
    what = "Takes the first column of an (n, m) matrix for a parameter."

    def accept(self, name: str, value: Array) -> Array:
        if name in self.held and value.ndim == 2 and value.shape[0] == self.n:
            value = value[:, 0]
        return super().accept(name, value)


class TakesMoreFeatures(_Affine):
    what = "Applied to more features than it was built for, leaves the others as they are."

    def forward(self, x: Array, *, training: bool) -> Array:
        if x.ndim < 2 or x.shape[self.axis] <= self.n:
            return super().forward(x, training=training)
        known = super().forward(np.take(x, range(self.n), self.axis), training=training)
        rest = np.take(x, range(self.n, x.shape[self.axis]), self.axis)
        return np.concatenate([known, rest], axis=self.axis)


class SaysNothing(_Affine):
    what = "Refuses what does not fit with an exception that has no message."

    def load(self, parameters: Mapping[str, Array]) -> None:
        try:
            super().load(parameters)
        except ValueError:
            raise ValueError from None
