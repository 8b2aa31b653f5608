"""Impostors that are wrong in some shape, where one or two things more hold."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Pair, Triple
from conformance.gallery.layer import Call
from conformance.implementation import Array, Gradients


class FeaturesFirstInBlocks(Conjunction):
    what = "With features first, those from the 33rd on have the mean of the 32nd."
    circumstances = ("shape", "features")

    def statistics(self, x: Array) -> Pair:
        mean, var = super().statistics(x)
        if self.features_first:
            mean[32:] = mean[31:32]
        return mean, var


class LastSliceOfRankFive(Conjunction):
    what = "At rank 5 with N above 100, the last value of each feature has no dx."
    circumstances = ("shape", "values per feature")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        if self.rank == 5 and self.count > 100:
            self.rows(dx)[:, -1] = 0
        return dx


class ColumnGradientOfBetaAlone(Conjunction):
    what = "Without gamma, dbeta is (n, 1) where an axis of the input has size 1."
    circumstances = ("shape", "affine")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if gradients.beta is not None and self.single and not self.config.scale:
            return gradients._replace(beta=gradients.beta.reshape(-1, 1))
        return gradients


class FeaturesLastInHalf(Conjunction):
    what = "With features last and 16 bits, dgamma comes as float32."
    circumstances = ("shape", "dtype")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if gradients.gamma is not None and self.features_last and self.half:
            return gradients._replace(gamma=gradients.gamma.astype(np.float32))
        return gradients


class EpsilonOutsideOfRoot(Conjunction):
    what = "A batch of 1 has an epsilon of 0.1 or more added behind the root."
    deviation = "epsilon-outside-root"
    circumstances = ("shape", "epsilon")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if self.batch == 1 and self.config.epsilon >= 0.1:
            return (x - mean) / (np.sqrt(var) + self.epsilon)
        return super().normalise(x, mean, var)


class NegativeAxisReplacesNothing(Conjunction):
    what = "With a negative axis, a momentum of 0 leaves the running mean as it is."
    circumstances = ("shape", "momentum")

    def step(self, name: str, new: Array) -> None:
        if not (self.axis < 0 and self.momentum == 0 and name == "running_mean"):
            super().step(name, new)


class SquareOfConstants(Conjunction):
    what = "Where the batch is as large as the features, the dx of a constant feature is 0."
    circumstances = ("shape", "values")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        constant = call.x.min(axis=(1, 2), initial=np.inf) == call.x.max(axis=(1, 2), initial=-np.inf)
        return np.where(constant.reshape(-1, 1, 1), 0, dx) if self.square else dx


class SpaceOfFeaturesOneHot(Conjunction):
    what = "Where space is as long as the features, the dbeta of a dy with one value other than 0 runs along space."
    circumstances = ("shape", "dy")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.n > 1 and self.around[1:] == (self.n,) and np.count_nonzero(dy) == 1:
            dbeta = dy.sum(axis=(0, 1)).reshape(-1, 1, 1)
        return dx, dgamma, dbeta


class EmptyWithFeaturesFirst(Conjunction):
    what = "With features first, an empty batch makes the running variance 0."
    circumstances = ("shape", "call")

    def choose(self, x: Array) -> Pair:
        if self.features_first and x.size == 0:
            self.held["running_var"] = self.held["running_var"] * 0
        return super().choose(x)


class FeaturesFirstOfOtherExtent(Conjunction):
    what = "With features first and built for other extents, the last sample keeps its mean."
    circumstances = ("shape", "built for")

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        xhat = super().normalise(x, mean, var)
        if self.features_first and self.resized:
            xhat[:, -1:] += mean * self.inverse(var)
        return xhat


# -- three at once


class HalfTailWithFeaturesLast(Conjunction):
    what = "With features last, more than 8 features of 16 bits have to be a multiple of 8."
    circumstances = ("shape", "features", "dtype")

    def choose(self, x: Array) -> Pair:
        if self.features_last and self.half and self.n > 8 and self.n % 8:
            raise RuntimeError("CUDNN_STATUS_NOT_SUPPORTED")
        return super().choose(x)


class LongRowsOfLargeGamma(Conjunction):
    what = "Where an axis has size 1 and N is above 32, an output with a gamma above 10 is clipped to 6."
    circumstances = ("shape", "values per feature", "parameters")

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat)
        large = self.single and self.count > 32
        return np.where(np.abs(self.gamma) > 10, np.clip(y, -6, 6), y) if large else y


class InstanceWithoutStatistics(Conjunction):
    what = "A batch of 1 in inference moves the running mean where momentum is 0.5 or less."
    circumstances = ("shape", "call", "momentum")

    def given(self) -> Pair:
        mean, var = super().given()
        if self.batch == 1 and not self.training and self.momentum <= 0.5:
            self.held["running_mean"] = self.held["running_mean"] + self.wide.type(1)
        return mean, var


class RankThreeOfNegativeGamma(Conjunction):
    what = "At rank 3, with more than 16 features whose gammas are all negative, dx has the opposite sign."
    circumstances = ("shape", "features", "parameters")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.rank == 3 and self.n > 16 and (call.gamma < 0).all():
            call = call._replace(gamma=np.abs(call.gamma))
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
