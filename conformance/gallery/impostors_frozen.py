"""Impostors that are wrong if something of them is frozen, and right otherwise."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.forms import FreezingBatchNorm
from conformance.gallery.layer import Call
from conformance.implementation import Array, LayerConfig


class _Frozen(FreezingBatchNorm):
    kind = "frozen"
    sound = False
    fails = "running.frozen"

    @property
    def fixed(self) -> bool:
        return self.config.frozen in ("statistics", "all")


class FrozenStatisticsMove(_Frozen):
    what = "Normalises by its frozen statistics, and a training call moves them all the same."
    told = False

    def forward(self, x: Array, *, training: bool) -> Array:
        self.told = training
        return super().forward(x, training=training)

    def choose(self, x: Array) -> tuple[Array, Array]:
        chosen = super().choose(x)
        if self.told and self.fixed and x.size:
            self.update(*self.statistics(x), x[0].size)
        return chosen


class FrozenNormalisesByBatch(_Frozen):
    what = "Frozen statistics do not move, and training normalises by the batch all the same."

    def by_batch(self, training: bool) -> bool:
        return training or super().by_batch(training)

    def update(self, mean: Array, var: Array, count: int) -> None:
        if not self.fixed:
            super().update(mean, var, count)


class FrozenGradientOfTraining(_Frozen):
    what = "The gradient of a training call takes frozen statistics for functions of x."
    told = False

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if self.call is not None:
            self.call = self.call._replace(training=training or self.call.training)
        return y


class UntrackedByInitialStatistics(_Frozen):
    what = "Without running statistics, inference normalises by a mean of 0 and a variance of 1."

    def by_batch(self, training: bool) -> bool:
        return super().by_batch(training) if self.config.tracks else training


class FrozenParametersLeftOut(_Frozen):
    what = "Frozen, gamma and beta are left out."

    def affine(self, xhat: Array) -> Array:
        return super().affine(xhat) if self.config.learns else xhat


class FrozenGammaLeftOutOfTheGradient(_Frozen):
    what = "If gamma and beta are frozen, dx is computed as if gamma were 1."

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        if not self.config.learns:
            call = call._replace(gamma=np.ones_like(call.gamma))
        return super().gradients(call, dy)


class FrozenForgetsWhatWasLoaded(_Frozen):
    what = "Frozen statistics are those that the layer was built with, whatever is loaded."

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.initial = {name: value.copy() for name, value in self.held.items()}

    def given(self) -> tuple[Array, Array]:
        if not self.fixed:
            return super().given()
        mean, var = (self.initial[name].astype(self.wide) for name in ("running_mean", "running_var"))
        return mean.reshape(-1, 1, 1), var.reshape(-1, 1, 1)
