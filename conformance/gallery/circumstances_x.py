"""Impostors that are wrong where x lies in memory in some way, and one thing more holds."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Pair, in_memory_order
from conformance.gallery.layer import Call
from conformance.implementation import Array


class PermutedTailNotCentred(Conjunction):
    what = "Where x is permuted in memory, the features behind the last group of eight are not centred."
    circumstances = ("memory of x", "features")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        xhat = super().normalise(x, mean, var)
        if self.x_memory.permuted:
            tail = self.tail(8)
            xhat[tail] += (mean * self.inverse(var))[tail]
        return xhat


class StridedRemainderUnwritten(Conjunction):
    what = "Where x has gaps in memory, the last of an odd number of values above 32 is not written."
    circumstances = ("memory of x", "values per feature")

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        if self.x_memory.strided and self.count > 32 and self.count % 2:
            self.rows(y)[:, -1] = 0
        return y


class PlanOfFirstLayout(Conjunction):
    what = "From the second call on, a permuted x is read in the order in which it lies in memory."
    circumstances = ("memory of x", "history")

    def read_x(self, x: Array) -> Array:
        return in_memory_order(x) if self.x_memory.permuted and self.before.called else x


class ReversedSampleReadForwards(Conjunction):
    what = "A batch of 1 with axes that run backwards in memory is read forwards."
    circumstances = ("memory of x", "shape")

    def read_x(self, x: Array) -> Array:
        return in_memory_order(x) if self.x_memory.reversed and self.batch == 1 else x


class MisalignedHalfShifted(Conjunction):
    what = "A misaligned x of 16 bits is read from one element further on."
    circumstances = ("memory of x", "dtype")

    def read_x(self, x: Array) -> Array:
        return np.roll(x, -1) if self.x_memory.misaligned and self.half else x


class StridedEpsilonLost(Conjunction):
    what = "Where x has gaps in memory, an epsilon of 0.1 or more is left out of the output."
    circumstances = ("memory of x", "epsilon")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if self.x_memory.strided and self.config.epsilon >= 0.1:
            return (x - mean) / np.sqrt(var + self.wide.type(1e-5))
        return super().normalise(x, mean, var)


class BroadcastWithoutGammaHalved(Conjunction):
    what = "Where x repeats itself by a stride of 0 and there is no gamma, dx is half of what it should be."
    circumstances = ("memory of x", "affine")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        return dx / 2 if self.x_memory.repeated and not self.config.scale else dx


class ReadOnlyMomentumZero(Conjunction):
    what = "Where x is read-only, a momentum of 0 is taken for not given, and becomes 0.9."
    circumstances = ("memory of x", "momentum")

    def moved(self, old: Array, new: Array) -> Array:
        if self.x_memory.read_only and self.momentum == 0:
            return old * self.wide.type(0.9) + new * self.wide.type(0.1)
        return super().moved(old, new)


class PermutedShiftKept(Conjunction):
    what = "Where x is permuted and its mean far off, the running mean lacks the value that sums are taken about."
    circumstances = ("memory of x", "values")

    def update(self, mean: Array, var: Array, count: int) -> None:
        far = np.square(mean) > 16 * var
        if self.x_memory.permuted and count >= 8:
            mean = np.where(far, np.sqrt(var), mean)
        super().update(mean, var, count)


class OffsetGammaSaturates(Conjunction):
    what = "Where x begins later than its memory, a gamma above 10 is taken for 10."
    circumstances = ("memory of x", "parameters")

    def affine(self, xhat: Array) -> Array:
        gamma = np.minimum(self.gamma, 10) if self.x_memory.offset else self.gamma
        return xhat * gamma + self.beta


class ReversedSecondBackward(Conjunction):
    what = "Where x runs backwards in memory, a second backward call adds to the dgamma of the first."
    circumstances = ("memory of x", "call")

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.x_memory.reversed and self.backwards:
            dgamma = dgamma * (self.backwards + 1)
        return dx, dgamma, dbeta


class BothPermuted(Conjunction):
    what = "Where x and dy are both permuted in memory, dy is read in the order in which it lies there."
    circumstances = ("memory of x", "memory of dy")

    def read_dy(self, dy: Array) -> Array:
        both = self.x_memory.permuted and self.dy_memory.permuted
        return in_memory_order(dy) if both else dy


class BuiltShorterAndStrided(Conjunction):
    what = (
        "In a layer built for another batch size, the last sample of an x with gaps in memory is not written."
    )
    circumstances = ("memory of x", "built for")

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        if self.x_memory.strided and self.rebatched:
            y[:, -1:] = 0
        return y


# -- three at once


class FeaturesLastAfterInference(Conjunction):
    what = (
        "Where x is permuted, its features last, and there was an inference call, the running variance stays."
    )
    circumstances = ("memory of x", "shape", "history")

    def step(self, name: str, new: Array) -> None:
        frozen = self.x_memory.permuted and self.features_last and self.before.inferred
        if not (frozen and name == "running_var"):
            super().step(name, new)


class StridedInferenceOfManyFeatures(Conjunction):
    what = "In inference on an x with gaps, features from the 33rd on have the beta of those 32 before."
    circumstances = ("memory of x", "features", "call")

    @property
    def beta(self) -> Array:
        beta = super().beta
        if self.x_memory.strided and not self.training and self.n > 32:
            return beta[np.arange(self.n) % 32]
        return beta


class PermutedHalfWithoutBeta(Conjunction):
    what = "Where a float16 x is permuted, its values from the 33rd on lack beta."
    circumstances = ("memory of x", "values per feature", "dtype")

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        if self.x_memory.permuted and self.narrow == np.float16:
            self.rows(y)[:, 32:] -= self.beta[:, 0]
        return y


class WorkspaceOfBuiltBatch(Conjunction):
    what = (
        "From the second call on, an x with gaps in a layer built for another batch size loses its last mean."
    )
    circumstances = ("memory of x", "built for", "history")

    def statistics(self, x: Array) -> Pair:
        mean, var = super().statistics(x)
        if self.x_memory.strided and self.rebatched and self.before.called:
            mean[-1] = 0
        return mean, var


class MisalignedBesideReversed(Conjunction):
    what = "Where x is misaligned, dy runs backwards and the features are first, dbeta is doubled."
    circumstances = ("memory of x", "memory of dy", "shape")

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.x_memory.misaligned and self.dy_memory.reversed and self.features_first:
            dbeta = 2 * dbeta
        return dx, dgamma, dbeta


class ReversedVarianceHalved(Conjunction):
    what = "Where x runs backwards, N is above 100 and momentum is 0, the running variance takes half of the batch's."
    circumstances = ("memory of x", "values per feature", "momentum")

    def kept_variance(self, var: Array, count: int) -> Array:
        wrong = self.x_memory.reversed and count > 100 and self.momentum == 0
        return var / 2 if wrong else var


class OffsetWithSingleAxis(Conjunction):
    what = "Where x begins later than its memory, an axis has size 1 and there is no beta, gamma moves in training."
    circumstances = ("memory of x", "shape", "affine")

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(mean, var, count)
        if self.x_memory.offset and self.single and not self.config.center and "gamma" in self.held:
            self.held["gamma"] = (self.held["gamma"] * self.narrow.type(0.5)).astype(self.narrow)
