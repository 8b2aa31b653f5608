"""Impostors that are wrong where a loaded array lies in memory in some way, and one or two things more hold."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Memory, in_memory_order
from conformance.implementation import Array

RUNNING = ("running_mean", "running_var")


class StridedVectorShort(Conjunction):
    what = "Of a loaded vector with gaps in memory, the values behind the eighth are all that of the eighth."
    circumstances = ("memory of loaded", "features")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        if Memory.of(value).strided:
            taken[8:] = taken[7:8]
        return taken


class ReversedVectorAfterCall(Conjunction):
    what = "After a call, a loaded vector that runs backwards in memory is read forwards."
    circumstances = ("memory of loaded", "history")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        called = any(step.what in ("training", "inference") for step in self.steps)
        return taken[::-1].copy() if called and Memory.of(value).reversed else taken


class MisalignedVectorOfHalf(Conjunction):
    what = "In a layer of 16 bits, a misaligned vector is loaded from its second value on."
    circumstances = ("memory of loaded", "dtype")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        return np.roll(taken, -1) if self.half and Memory.of(value).misaligned else taken


class BroadcastVectorWithoutBeta(Conjunction):
    what = "Without beta, of a loaded vector that repeats one value only the first element is written."
    circumstances = ("memory of loaded", "affine")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        if not self.config.center and Memory.of(value).repeated:
            taken[1:] = self.held[name][1:]
        return taken


class ReadOnlyWithFeaturesFirst(Conjunction):
    what = "In a layer with its features first, loading a read-only running variance does nothing."
    circumstances = ("memory of loaded", "shape")

    def load(self, parameters: Mapping[str, Array]) -> None:
        kept = self.held["running_var"]
        super().load(parameters)
        there = "running_var" in parameters and self.loaded["running_var"].read_only
        if there and self.config.feature_axis == 0:
            self.held["running_var"] = kept


class OffsetGammaAlone(Conjunction):
    what = "Gamma loaded alone from the midst of an array resets beta."
    circumstances = ("memory of loaded", "call")

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load(parameters)
        if set(parameters) == {"gamma"} and self.loaded["gamma"].offset and "beta" in self.held:
            self.held["beta"] = np.zeros_like(self.held["beta"])


class ReversedIntoFrozen(Conjunction):
    what = "With a momentum of 1, loaded statistics that run backwards in memory are read forwards."
    circumstances = ("memory of loaded", "momentum")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        frozen = name in RUNNING and self.momentum == 1
        return taken[::-1].copy() if frozen and Memory.of(value).reversed else taken


class OffsetGammaAndInput(Conjunction):
    what = "Where x and the loaded gamma both begin later than their memory, the last gamma is taken for 1."
    circumstances = ("memory of loaded", "memory of x")

    def affine(self, xhat: Array) -> Array:
        gamma = self.gamma
        if self.x_memory.offset and self.loaded.get("gamma", Memory()).offset:
            gamma[-1] = 1
        return xhat * gamma + self.beta


class StridedZeroGamma(Conjunction):
    what = "A loaded gamma with gaps in memory that has a 0 in it is taken for unset, and is 1."
    circumstances = ("memory of loaded", "parameters")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        unset = name == "gamma" and (taken == 0).any() and Memory.of(value).strided
        return np.ones_like(taken) if unset else taken


class MisalignedGammaAndUpstream(Conjunction):
    what = "Where the loaded gamma and dy are both misaligned, dbeta is doubled."
    circumstances = ("memory of loaded", "memory of dy")

    def shown(self, name: str, gradient: Array) -> Array:
        both = self.dy_memory.misaligned and self.loaded.get("gamma", Memory()).misaligned
        return super().shown(name, 2 * gradient if both and name == "beta" else gradient)


# -- three at once


class StridedStatisticsAlone(Conjunction):
    what = "After a training call, statistics loaded alone from an array with gaps leave the mean as it was."
    circumstances = ("memory of loaded", "call", "history")

    def load(self, parameters: Mapping[str, Array]) -> None:
        kept, trained = self.held["running_mean"], any(step.what == "training" for step in self.steps)
        super().load(parameters)
        if set(parameters) == set(RUNNING) and trained and self.loaded["running_mean"].strided:
            self.held["running_mean"] = kept


class OffsetVectorOfNegativeAxis(Conjunction):
    what = "Of more than 32 features along a negative axis, a vector from the midst of an array is shifted."
    circumstances = ("memory of loaded", "features", "shape")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        shifted = self.n > 32 and self.config.axis < 0 and Memory.of(value).offset
        return np.roll(taken, 1) if shifted else taken


class ReadOnlyDoubleWithEpsilon(Conjunction):
    what = "In float64 with an epsilon of 0.1 or more, a read-only running variance is loaded with epsilon added."
    circumstances = ("memory of loaded", "dtype", "epsilon")

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        added = self.narrow == np.float64 and self.config.epsilon >= 0.1 and Memory.of(value).read_only
        return taken + self.epsilon if added and name == "running_var" else taken


class ReversedVectorAndPermutedInput(Conjunction):
    what = "From the second call on, with a gamma that ran backwards, a permuted x is read in memory order."
    circumstances = ("memory of loaded", "memory of x", "history")

    def read_x(self, x: Array) -> Array:
        wrong = self.loaded.get("gamma", Memory()).reversed and self.x_memory.permuted and self.before.called
        return in_memory_order(x) if wrong else x
