"""Impostors whose mean or variance is wrong."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, LayerConfig


class _Statistics(BatchNorm):
    kind = "statistics"
    sound = False


class VarianceUnbiased(_Statistics):
    what = "Normalises by the unbiased variance."
    deviation = "variance-unbiased"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x)
        count = x[0].size
        return mean, var * (count / max(1, count - 1))


class StatsPerSample(_Statistics):
    what = "Normalises every sample over its features: layer normalisation."
    deviation = "stats-per-sample"

    def average(self, a: Array) -> Array:
        return a.mean(axis=(0, 2), keepdims=True)


class StatsPerLayer(_Statistics):
    what = "Has one mean and one variance for all features."
    deviation = "stats-per-layer"

    def average(self, a: Array) -> Array:
        return a.mean(keepdims=True)


class StatsPerInstance(_Statistics):
    what = "Normalises every feature of every sample over its spatial extent: instance normalisation."
    deviation = "stats-per-instance"

    def average(self, a: Array) -> Array:
        return a.mean(axis=2, keepdims=True)


class StatsBatchAxisOnly(_Statistics):
    what = "Takes mean and variance along the batch axis only, so that every place has its own."
    deviation = "stats-batch-axis-only"

    def average(self, a: Array) -> Array:
        return a.mean(axis=1, keepdims=True)


class VariancePooled(_Statistics):
    what = "A mean for each feature, but one variance for all."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x)
        return mean, np.full_like(var, var.mean())


class OnePassVariance(_Statistics):
    what = "Computes the variance as E[x^2] - E[x]^2, which cancels and may be negative."
    link = "https://github.com/google/flax/issues/1491"
    deviation = "one-pass-variance"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        return mean, self.average(x * x) - mean * mean


class OnePassVarianceClipped(_Statistics):
    what = "Computes the variance as E[x^2] - E[x]^2, and a negative one is taken for 0."
    link = "https://github.com/aiUIUC/pyAIUtils/pull/46"
    deviation = "one-pass-variance-clipped"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        return mean, np.maximum(self.average(x * x) - mean * mean, 0)


class VarianceAboutZero(_Statistics):
    what = "Takes E[x^2] for the variance."
    deviation = "variance-about-zero variance-kept-about-zero"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        return self.average(x), self.average(x * x)


class VarianceAboutOldMean(_Statistics):
    what = "Takes the variance about the running mean."
    deviation = "variance-about-running-mean"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        return self.average(x), self.average(np.square(x - self.given()[0]))


class SumOfSquares(_Statistics):
    what = "Does not divide the sum of squares by the number of values."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        return mean, self.total(np.square(x - mean))


class BatchSizeForCount(_Statistics):
    what = "Divides sums over batch and space by the batch size alone."

    def average(self, a: Array) -> Array:
        return self.total(a) / a.shape[1]


class AbsoluteDeviation(_Statistics):
    what = "Divides by the mean absolute deviation."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        return mean, np.square(self.average(np.abs(x - mean)))


class MedianForMean(_Statistics):
    what = "Centres each feature at its median."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        middle = np.median(x, axis=(1, 2), keepdims=True).astype(x.dtype)
        return middle, self.average(np.square(x - middle))


class FirstHalfOfBatch(_Statistics):
    what = "Statistics of the first half of the batch only: one of two devices does not report."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        return super().statistics(np.ascontiguousarray(x[:, : (x.shape[1] + 1) // 2]))


class MeanOfDeviceVariances(_Statistics):
    what = "The variance is the mean of two devices' variances, each about its own mean."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        parts = np.array_split(x, 2, axis=1)
        centred = [part - part.mean(axis=(1, 2), keepdims=True) for part in parts]
        return self.average(x), self.average(np.square(np.concatenate(centred, axis=1)))


class StaleStatistics(_Statistics):
    what = "Normalises a training batch by the statistics of the one before."
    deviation = "stale-statistics"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self._last: tuple[Array, Array] | None = None

    def choose(self, x: Array) -> tuple[Array, Array]:
        chosen = super().choose(x)
        if not self.training or x.size == 0:
            return chosen
        last, self._last = self._last, chosen
        return last or chosen


class MeanAccumulates(_Statistics):
    what = "The sum behind the mean is not cleared between training batches."

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self._sum, self._count = np.zeros((self.n, 1, 1), self.wide), 0

    def statistics(self, x: Array) -> tuple[Array, Array]:
        self._sum, self._count = self._sum + self.total(x), self._count + x[0].size
        mean = self._sum / self._count
        return mean, self.average(np.square(x - mean))
