"""Batch norms with two defects at once, or with one that has a name of its own: which name may stand where.

``names`` gives, for requirements, the names that are true of what they reject; elsewhere none may be given.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, LayerConfig

OUTPUTS = ("forward.training", "forward.inference")


class _Wrong(BatchNorm):
    kind = "two defects"
    sound = False
    names: ClassVar[dict[str, str]] = {}


class _EpsilonFixed(_Wrong):
    fixed = 1e-5

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.epsilon = self.wide.type(self.fixed)


_FIXED = dict.fromkeys((*OUTPUTS, "gradient.gamma", "gradient.input"), "epsilon-fixed-1e-05")


class EpsilonFixedAndStatisticsNotUpdated(_EpsilonFixed):
    names: ClassVar = _FIXED | {"running.update": "statistics-not-updated"}

    def moved(self, old: Array, new: Array) -> Array:
        return old


class EpsilonFixedAndDeviationsAveraged(_EpsilonFixed):
    names: ClassVar = _FIXED | {"running.update": "variance-stored-as-std"}

    def kept_variance(self, var: Array, count: int) -> Array:
        root: Array = np.sqrt(var)
        return root


class EpsilonFixedAndMomentumFixed(_EpsilonFixed):
    names: ClassVar = _FIXED | {"running.update": "momentum-fixed-0.95"}

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.momentum = 0.95


class EpsilonFixedAndGammaIgnoredInInference(_EpsilonFixed):
    names: ClassVar = _FIXED | {"forward.inference": "epsilon-fixed-1e-05+gamma-ignored"}

    @property
    def gamma(self) -> Array:
        gamma = super().gamma
        return gamma if self.training else np.ones_like(gamma)


class EpsilonOutsideRootAndGradientWithoutStatistics(_Wrong):
    names: ClassVar = dict.fromkeys((*OUTPUTS, "gradient.gamma"), "epsilon-outside-root")

    def inverse(self, var: Array) -> Array:
        inverse: Array = 1 / (np.sqrt(var) + self.epsilon)
        return inverse

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx: Array = call.gamma * inverse * dy
        return dx


class GammaAbsoluteAndStatisticsUpdatedTwice(_Wrong):
    names: ClassVar = dict.fromkeys((*OUTPUTS, "gradient.input"), "gamma-absolute") | {
        "running.update": "statistics-updated-twice"
    }

    @property
    def gamma(self) -> Array:
        gamma: Array = np.abs(super().gamma)
        return gamma

    def moved(self, old: Array, new: Array) -> Array:
        return super().moved(super().moved(old, new), new)


class BetaNegatedAndGradientMean(_Wrong):
    names: ClassVar = dict.fromkeys(OUTPUTS, "beta-negated") | {"gradient.beta": "gradient-beta-mean"}

    @property
    def beta(self) -> Array:
        return -super().beta

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dgamma, dbeta / dy[0].size


class MomentumFixedAndRelu(_Wrong):
    names: ClassVar = dict.fromkeys((*OUTPUTS, "gradient.input"), "followed-by-relu") | {
        "gradient.gamma": "followed-by-relu",
        "gradient.beta": "followed-by-relu",
        "running.update": "momentum-fixed-0.95",
    }

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.momentum = 0.95

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        self.on = y > 0
        return y * self.on

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        return super().gradients(call, dy * self.on)


class ChunksAndGradientZero(_Wrong):
    names: ClassVar = dict.fromkeys(("forward.training", "gradient.gamma"), "statistics-of-chunks-8")

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = np.empty_like(x), np.empty_like(x)
        for first in range(0, x.shape[1], 8):
            own = slice(first, first + 8)
            mean[:, own] = x[:, own].mean(axis=(1, 2), keepdims=True)
            var[:, own] = x[:, own].var(axis=(1, 2), keepdims=True)
        return mean, var

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        return 0 * dy, *super().gradients(call, dy)[1:]


class ParametersModuloFourAndFirstHalfUpdated(_Wrong):
    names: ClassVar = dict.fromkeys(OUTPUTS, "parameters-modulo-4")

    @property
    def gamma(self) -> Array:
        return super().gamma[np.arange(self.n) % 4]

    @property
    def beta(self) -> Array:
        return super().beta[np.arange(self.n) % 4]

    def moved(self, old: Array, new: Array) -> Array:
        return np.concatenate([super().moved(old, new)[: self.n // 2], old[self.n // 2 :]])


EVERY = tuple(
    each
    for each in list(globals().values())
    if isinstance(each, type) and issubclass(each, _Wrong) and not each.__name__.startswith("_")
)
