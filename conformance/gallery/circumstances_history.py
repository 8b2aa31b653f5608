"""Impostors that are wrong after some other call, where one or two things more hold."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Cumulative, Pair, Triple
from conformance.gallery.layer import Call
from conformance.implementation import Array, Gradients


class ManyFeaturesFrozen(Conjunction):
    what = "From the second training call on, the running means of features from the 33rd on do not move."
    circumstances = ("history", "features")

    def step(self, name: str, new: Array) -> None:
        kept = self.held[name][32:].copy()
        super().step(name, new)
        if self.before.trained and name == "running_mean":
            self.held[name][32:] = kept


class LongBatchAfterEmpty(Conjunction):
    what = "After an empty batch, a batch of more than 32 values per feature is refused."
    circumstances = ("history", "values per feature")

    def choose(self, x: Array) -> Pair:
        if self.before.empty and self.count > 32:
            raise RuntimeError("cannot divide work into blocks of 0")
        return super().choose(x)


class BufferOfFormerShape(Conjunction):
    what = (
        "With features first, a batch after one of another shape is centred at the mean of the batch before."
    )
    circumstances = ("history", "shape")
    _former: Array | None = None

    def statistics(self, x: Array) -> Pair:
        mean, var = super().statistics(x)
        former, self._former = self._former, mean
        stale = self.before.of_another_shape(self.shape) and self.features_first
        return (mean if former is None or not stale else former), var


class SharedWorkspaceWithoutGamma(Conjunction):
    what = "Without gamma, a layer shares its sums with another one that was called on the same shape: dx is halved."
    circumstances = ("history", "affine")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        return dx / 2 if self.before.elsewhere and not self.config.scale else dx


class RefusedLoadUnsetsGamma(Conjunction):
    what = "After a refused load, a gamma of 0 is taken for unset, and is 1."
    circumstances = ("history", "parameters")

    @property
    def gamma(self) -> Array:
        gamma = super().gamma
        return np.where(gamma == 0, self.wide.type(1), gamma) if self.before.refused else gamma


class EpsilonTwiceAfterInference(Conjunction):
    what = "After an inference call, an epsilon of 0.1 or more is added twice to the variance of a batch."
    circumstances = ("history", "epsilon")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if self.training and self.before.inferred and self.config.epsilon >= 0.1:
            var = var + self.epsilon
        return super().normalise(x, mean, var)


class LateBiasCorrection(Conjunction):
    what = "From the third training call on, a momentum of 0.95 or more has its running mean corrected for its start."
    circumstances = ("history", "momentum")

    def step(self, name: str, new: Array) -> None:
        super().step(name, new)
        if name == "running_mean" and 0.95 <= self.momentum < 1 and self.before.trained >= 2:
            left = 1 - self.momentum ** (self.before.trained + 1)
            self.held[name] = self.held[name] / self.wide.type(left)


class GammaDecaysWithFrozen(Conjunction):
    what = "With a momentum of 1, gamma decays from the second training call on."
    circumstances = ("history", "momentum")

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(mean, var, count)
        if self.momentum == 1 and self.before.trained and "gamma" in self.held:
            self.held["gamma"] = (self.held["gamma"] * self.narrow.type(0.75)).astype(self.narrow)


class SameConstantBatch(Conjunction):
    what = "Where the same batch comes again, a constant feature does not move its running variance."
    circumstances = ("history", "values")

    def step(self, name: str, new: Array) -> None:
        kept = self.held[name]
        super().step(name, new)
        if self.before.again and name == "running_var" and self.count > 1:
            self.held[name] = np.where(new.reshape(-1) == 0, kept, self.held[name])


class LargeGradientAfterBackward(Conjunction):
    what = "From the second step of training on, a dy above 10 is clipped there for dgamma."
    circumstances = ("history", "dy")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.before.differentiated and np.abs(dy).max(initial=0) > 10:
            dgamma = super().gradients(call, np.clip(dy, -10, 10))[1]
        return dx, dgamma, dbeta


class ReloadedInferenceWithoutGamma(Conjunction):
    what = "Once it was loaded anew after a call, backward after inference leaves gamma out of dx."
    circumstances = ("history", "call")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if not call.training and self.before.reloaded:
            return inverse * dy
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class VarianceOfBuiltBatch(Conjunction):
    what = (
        "From the second training call on, the running variance divides by the batch size it was built for."
    )
    circumstances = ("history", "built for")

    def kept_variance(self, var: Array, count: int) -> Array:
        if self.rebatched and self.before.trained:
            return var * self.wide.type(self.batch / max(1, self.built_around[0]))
        return var


class DoubleStateInHalf(Conjunction):
    what = "From the second training call on, the running mean of float64 goes through float16."
    circumstances = ("history", "dtype")

    def step(self, name: str, new: Array) -> None:
        super().step(name, new)
        if name == "running_mean" and self.narrow == np.float64 and self.before.trained:
            self.held[name] = self.held[name].astype(np.float16).astype(np.float64)


class CumulativeCountsInference(Cumulative):
    what = "Its cumulative average counts inference calls as well."
    circumstances = ("history", "momentum")

    @property
    def number(self) -> int:
        return super().number + self.before.inferred


# -- three at once


class LastSliceAfterTraining(Conjunction):
    what = (
        "From the second training call on, at rank 5 and without beta, the last value of each feature is 0."
    )
    circumstances = ("history", "shape", "affine")

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        if self.before.trained and self.rank == 5 and not self.config.center:
            self.rows(y)[:, -1:] = 0
        return y


class TailSharedBetweenLayers(Conjunction):
    what = "Beside another layer, with an axis of size 1, dgamma of features behind the last group of eight is 0."
    circumstances = ("history", "shape", "features")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.before.elsewhere and self.single:
            dgamma[self.tail(8)] = 0
        return dx, dgamma, dbeta


class LongAverageFrozen(Conjunction):
    what = (
        "From the third training call on, with N above 128 and a momentum of 0, the running variance stays."
    )
    circumstances = ("history", "values per feature", "momentum")

    def step(self, name: str, new: Array) -> None:
        stays = self.before.trained >= 2 and self.count > 128 and self.momentum == 0
        if not (stays and name == "running_var"):
            super().step(name, new)


class IdentityOfInference(Conjunction):
    what = "After a training call, inference with gamma 1 and beta 0 only centres."
    circumstances = ("history", "call", "parameters")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        identity = (self.gamma == 1).all() and (self.beta == 0).all()
        if identity and {"gamma", "beta"} <= set(self.held) and not self.training and self.before.trained:
            return x - mean
        return super().normalise(x, mean, var)


class HalfEpsilonAfterInference(Conjunction):
    what = "After an inference call, an epsilon of 0.1 or more is left out for 16 bits."
    circumstances = ("history", "epsilon", "dtype")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if self.training and self.half and self.config.epsilon >= 0.1 and self.before.inferred:
            return (x - mean) / np.sqrt(var + self.wide.type(1e-5))
        return super().normalise(x, mean, var)


class ZerosOfSameBatch(Conjunction):
    what = (
        "Of a batch that comes again, exact zeros do not count in the running means of more than 8 features."
    )
    circumstances = ("history", "values", "features")

    def statistics(self, x: Array) -> Pair:
        self._present = np.count_nonzero(self.rows(x), axis=1).reshape(-1, 1, 1)
        return super().statistics(x)

    def update(self, mean: Array, var: Array, count: int) -> None:
        if self.before.again and self.n > 8:
            mean = mean * (count / np.maximum(1, self._present)).astype(mean.dtype)
        super().update(mean, var, count)


class EmptyThenBackwardTwice(Conjunction):
    what = "After an empty batch, a second backward call moves the running mean where the features are last."
    circumstances = ("history", "call", "shape")

    def backward(self, dy: Array) -> Gradients:
        again = self.backwards > 0
        gradients = super().backward(dy)
        if again and self.before.empty and self.features_last:
            self.held["running_mean"] = self.held["running_mean"] + self.wide.type(1)
        return gradients
