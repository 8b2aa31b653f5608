"""Impostors that are wrong in a corner of the shapes, or at one position, and right everywhere else."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array

_Pair = tuple[Array, Array]


class _Rare(BatchNorm):
    kind = "rare"
    sound = False


def _last(rank: int, axis: int) -> bool:
    return axis % rank == rank - 1


# -- numbers of values


class OddCount(_Rare):
    what = "Adds up in twos and forgets the last of an odd number of values."

    def total(self, a: Array) -> Array:
        count = a[0].size
        even = count - count % 2 if count > 1 else count
        return super().total(a.reshape(self.n, -1)[:, :even])


class ManyValues(_Rare):
    what = "Of more than 128 values per feature, the sum of squares takes in 128 only."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        count = x[0].size
        if count > 128:
            square = np.square(x - mean).reshape(self.n, -1)[:, :128]
            var = self.total(square) / count
        return mean, var


class ManyValuesBackward(_Rare):
    what = "dx is wrong for more than 128 values per feature, as it was in MIOpen for more than 768."
    link = "https://github.com/ROCm/MIOpen/issues/1109"

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        count = dy[0].size
        if count > 128:
            dgamma = self.total((dy * xhat).reshape(self.n, -1)[:, :128])
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class NotAMultipleOfFour(_Rare):
    what = "The values left over behind the last group of four do not get beta."
    deviation = "beta-ignored"

    def affine(self, xhat: Array) -> Array:
        y = super().affine(xhat).reshape(self.n, -1)
        whole = y.shape[1] - y.shape[1] % 4
        y[:, whole:] -= self.beta[:, 0]
        return y.reshape(xhat.shape)


class BatchOfTwo(_Rare):
    what = "A batch of exactly two has its variance doubled."
    deviation = "variance-unbiased"

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        return mean, var * (2 if x.shape[1] == 2 else 1)


class SpatialExtentOne(_Rare):
    what = "Takes an input of spatial extent 1 for one without space, and its variance unbiased."
    deviation = "variance-unbiased"

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        count = x[0].size
        if len(self.shape) > 2 and x.shape[2] == 1 and count > 1:
            var = var * (count / (count - 1))
        return mean, var


# -- numbers of features


class FeaturesByThirtyTwo(_Rare):
    what = "Where the features are a multiple of 32, the last is given the variance of the first."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        if self.n % 32 == 0:
            var[-1] = var[0]
        return mean, var


class FeaturesAboveSixteen(_Rare):
    what = "Features from the 17th on are centred at the mean of the feature 16 before."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        mean[16:] = mean[:-16].copy() if self.n > 16 else mean[16:]
        return mean, var


class FeaturesAboveSixtyFour(_Rare):
    what = "Features from the 65th on are given the gammas of the first."

    @property
    def gamma(self) -> Array:
        gamma = super().gamma
        return gamma[np.arange(self.n) % 64]


class OneFeature(_Rare):
    what = "A single feature is not normalised."
    deviation = "no-normalisation"

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return x if self.n == 1 else super().normalise(x, mean, var)


class SquareBatch(_Rare):
    what = "Where batch and features are as many, gamma goes along the batch: a silent broadcast."

    def affine(self, xhat: Array) -> Array:
        if xhat.shape[1:] == (self.n, 1):
            return xhat * self.gamma.reshape(1, self.n, 1) + self.beta
        return super().affine(xhat)


class SpaceAsLongAsFeatures(_Rare):
    what = "In inference at rank 3, where space and features are as many, the variance goes along space."
    link = "https://github.com/ooples/AiDotNet/pull/1586"

    def inverse(self, var: Array) -> Array:
        inverse = super().inverse(var)
        if not self.training and len(self.shape) == 3 and set(self.shape[1:]) == {self.n}:
            return inverse.reshape(1, 1, self.n)
        return inverse


# -- ranks and axes


class RankFive(_Rare):
    what = "At rank 5 the statistics are those of the first slice of the last axis."
    link = "https://github.com/PaddlePaddle/PaddleCustomDevice/pull/275"

    def statistics(self, x: Array) -> _Pair:
        if len(self.shape) == 5:
            others = list(self.shape)
            del others[self.axis]
            slices = x.reshape(self.n, x.shape[1], -1, others[-1])
            x = np.ascontiguousarray(slices[..., 0])
        return super().statistics(x)


class AxisZero(_Rare):
    what = "With the features first, it takes the batch for them: every sample is normalised."
    deviation = "stats-per-sample"

    def average(self, a: Array) -> Array:
        if self.axis % len(self.shape) == 0:
            return a.mean(axis=(0, 2), keepdims=True)
        return super().average(a)


class NegativeAxis(_Rare):
    what = "With a negative axis the statistics do not run over space."

    def average(self, a: Array) -> Array:
        return a.mean(axis=1, keepdims=True) if self.axis < 0 else super().average(a)


class ChannelsLastBeta(_Rare):
    what = "With the features last at rank 4 and 5, beta is that of the neighbour."
    link = "https://github.com/jax-ml/jax/issues/461"

    @property
    def beta(self) -> Array:
        beta = super().beta
        rank = len(self.shape)
        return np.roll(beta, 1, axis=0) if rank > 3 and _last(rank, self.axis) else beta


class ChannelsLastVariance(_Rare):
    what = "With the features last, the running variance is too large by the batch size."
    link = "https://github.com/sony/nnabla-ext-cuda/pull/457"

    def kept_variance(self, var: Array, count: int) -> Array:
        rank = len(self.shape)
        return var * self.shape[0] if rank > 2 and _last(rank, self.axis) else var


class ChannelsLastNoPowerOfTwo(_Rare):
    what = "With the features last and not a power of two, more than 64 values are not all added up."
    link = "https://github.com/NVIDIA/apex/issues/1768"

    def statistics(self, x: Array) -> _Pair:
        odd = self.n & (self.n - 1) and _last(len(self.shape), self.axis)
        rows = x.reshape(self.n, -1, 1)
        if odd and rows.shape[1] > 64:
            return super().statistics(np.ascontiguousarray(rows[:, :64]))
        return super().statistics(x)


class SqueezesOutput(_Rare):
    what = "The output loses axes of extent 1 behind the first two."

    def unfold(self, y: Array) -> Array:
        full = super().unfold(y)
        singles = tuple(k for k in range(2, full.ndim) if full.shape[k] == 1)
        return full.squeeze(singles)


# -- positions


class FirstSharesSecond(_Rare):
    what = "The first feature is normalised by the statistics of the second."

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        mean[0], var[0] = mean[min(1, self.n - 1)], var[min(1, self.n - 1)]
        return mean, var


class LastFeatureNotScaled(_Rare):
    what = "The last of several features is not multiplied by its gamma: a loop ends one short."

    @property
    def gamma(self) -> Array:
        gamma = super().gamma
        if self.n > 1:
            gamma[-1] = 1
        return gamma


class LastFeatureNotNormalised(_Rare):
    what = "The last of several features is neither centred nor divided."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        y = super().normalise(x, mean, var)
        if self.n > 1:
            y[-1] = x[-1]
        return y


class LastSampleLeftOut(_Rare):
    what = "The last sample is left out of the mean, if there is another."

    def statistics(self, x: Array) -> _Pair:
        kept = x[:, : max(1, x.shape[1] - 1)]
        mean = self.average(np.ascontiguousarray(kept))
        return mean, self.average(np.square(x - mean))


class FirstValueTwice(_Rare):
    what = "The first value counts twice in the mean."

    def statistics(self, x: Array) -> _Pair:
        mean = (self.total(x) + x[:, :1, :1]) / (x[0].size + 1)
        return mean, self.average(np.square(x - mean))


class LastElementUnwritten(_Rare):
    what = "The last element of the output is not written, if there are more than eight."

    def unfold(self, y: Array) -> Array:
        full = super().unfold(y)
        if full.size > 8:
            full.reshape(-1)[-1] = 0
        return full


class LastGradientUnwritten(_Rare):
    what = "The gradient of the last gamma is not written, if there are several."

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.n > 1:
            dgamma[-1] = 0
        return dx, dgamma, dbeta
