"""Impostors that are wrong with a mask or over replicas, where one or two things more hold."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Triple
from conformance.gallery.forms import MaskedBatchNorm, ReplicatedBatchNorm
from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array

# -- with a mask


class _Masked(Conjunction, MaskedBatchNorm):
    @property
    def masked(self) -> bool:
        """Whether something does not count."""
        return self.counts is not None and not self.counts.all()


class MaskedCountAfterTraining(_Masked):
    what = "From the second training call on, dx with a mask divides by the number of all values."
    circumstances = ("mask", "history")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.masked and self.before.trained:
            return BatchNorm.input_gradient(self, call, dy, xhat, inverse, dgamma, dbeta)
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class MaskedPermutedMean(_Masked):
    what = "With a mask, a permuted x has values that do not count in its running mean."
    circumstances = ("mask", "memory of x")

    def statistics(self, x: Array) -> tuple[Array, Array]:
        self._all = BatchNorm.total(self, x) / x[0].size
        return super().statistics(x)

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(self._all if self.masked and self.x_memory.permuted else mean, var, count)


class MaskedHalfReplaced(_Masked):
    what = "With a mask, 16 bits and a momentum of 0, the running variance is halved."
    circumstances = ("mask", "dtype", "momentum")

    def kept_variance(self, var: Array, count: int) -> Array:
        return var / 2 if self.masked and self.half and self.momentum == 0 else var


# -- over replicas


class _Replicated(Conjunction, ReplicatedBatchNorm):
    @property
    def replicated(self) -> bool:
        return self.config.replicas > 1

    @property
    def uneven(self) -> bool:
        return self.batch % self.config.replicas != 0


class ReplicasWithoutGamma(_Replicated):
    what = "Over replicas and without gamma, dx leaves out the sums of the other replicas."
    circumstances = ("replicas", "affine")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.replicated and not self.config.scale:
            dbeta = BatchNorm.total(self, self.parts(dy)[0])
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class ReplicasApartLater(_Replicated):
    what = "From the second training call on, the other replicas keep their running mean."
    circumstances = ("replicas", "history")

    def of_replica(self, name: str, number: int) -> Array:
        shown = super().of_replica(name, number)
        trained = sum(step.what == "training" for step in self.steps)
        return shown + self.wide.type(0.5) if trained > 1 and name == "running_mean" else shown


class UnevenPartWithFeaturesLast(_Replicated):
    what = "Over uneven replicas with features last, dbeta leaves out the last part."
    circumstances = ("replicas", "shape")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.uneven and self.features_last:
            dbeta = dbeta - BatchNorm.total(self, self.parts(dy)[-1])
        return dx, dgamma, dbeta


class ReplicasOfPermutedFeatures(_Replicated):
    what = "Over replicas, where x is permuted and features more than 8, the last sample is not written."
    circumstances = ("replicas", "memory of x", "features")

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        if self.replicated and self.x_memory.permuted and self.n > 8:
            y[:, -1:] = 0
        return y


class ReplicasOfMomentumAndEpsilon(_Replicated):
    what = (
        "Over replicas, where epsilon is 0.1 or more and momentum 0, the running variance has epsilon in it."
    )
    circumstances = ("replicas", "epsilon", "momentum")

    def kept_variance(self, var: Array, count: int) -> Array:
        added = self.replicated and self.config.epsilon >= 0.1 and self.momentum == 0
        return var + self.epsilon if added else var


class ReplicasOfOneHot(_Replicated):
    what = "Over replicas, dgamma is averaged over them where dy is zero but in one place."
    circumstances = ("replicas", "dy")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.replicated and np.count_nonzero(dy) == 1:
            dgamma = dgamma / self.config.replicas
        return dx, dgamma, dbeta
