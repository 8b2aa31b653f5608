"""Impostors whose running statistics go wrong; the training output is right."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array


class _Running(BatchNorm):
    kind = "running"
    sound = False


class StatisticsNeverUpdated(_Running):
    what = "The running statistics keep their initial values."
    link = "https://github.com/paiml/aprender/pull/2166"
    deviation = "statistics-not-updated"

    def update(self, mean: Array, var: Array, count: int) -> None:
        pass


class VarianceNeverUpdated(_Running):
    what = "The running mean moves, the running variance does not."
    deviation = "variance-not-updated"

    def update(self, mean: Array, var: Array, count: int) -> None:
        self.step("running_mean", mean)


class StatisticsNotUpdatedWithoutAffine(_Running):
    what = "With scale and center False the running statistics keep their initial values."
    link = "https://github.com/apache/mxnet/issues/18673"
    deviation = "statistics-not-updated"

    def update(self, mean: Array, var: Array, count: int) -> None:
        if self.config.scale or self.config.center:
            super().update(mean, var, count)


class StatisticsMoveInInference(_Running):
    what = "An inference call takes its batch into the running statistics, after it used them."

    def choose(self, x: Array) -> tuple[Array, Array]:
        chosen = super().choose(x)
        if not self.training and x.size:
            self.update(*self.statistics(x), x[0].size)
        return chosen


class StatisticsUpdatedInBackward(_Running):
    what = "The running statistics are updated by backward, and not where there is none."
    deviation = "statistics-not-updated"

    def update(self, mean: Array, var: Array, count: int) -> None:
        pass

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        if call.training and dy.size:
            super().update(call.mean, call.var, dy[0].size)
        return super().gradients(call, dy)


class StatisticsUpdatedTwice(_Running):
    what = "Every training call takes its batch in twice."
    deviation = "statistics-updated-twice"

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(mean, var, count)
        super().update(mean, var, count)


class MomentumReversedForVariance(_Running):
    what = "momentum is the weight kept for the mean, and the weight of the new batch for the variance."
    deviation = "momentum-reversed"

    def step(self, name: str, new: Array) -> None:
        momentum = self.momentum
        if name == "running_var":
            self.momentum = 1 - momentum
        super().step(name, new)
        self.momentum = momentum


class MomentumIgnored(_Running):
    what = "Keeps nine tenths whatever momentum says."
    deviation = "momentum-fixed-0.9"

    def moved(self, old: Array, new: Array) -> Array:
        return old * self.wide.type(0.9) + new * self.wide.type(0.1)


class NewBatchUnweighted(_Running):
    what = "running = momentum running + batch: the new batch is not weighed by 1 - momentum."
    deviation = "new-batch-unweighted"

    def moved(self, old: Array, new: Array) -> Array:
        return old * self.wide.type(self.momentum) + new


class VarianceStoredAsStd(_Running):
    what = "The running variance is an average of standard deviations."
    deviation = "variance-stored-as-std"

    def kept_variance(self, var: Array, count: int) -> Array:
        return np.sqrt(var)


class VarianceStoredAsInverseStd(_Running):
    what = "The running variance is an average of 1 / sqrt(var + epsilon)."
    link = "https://github.com/apache/mxnet/issues/9216"
    deviation = "variance-stored-as-inverse-std"

    def kept_variance(self, var: Array, count: int) -> Array:
        return self.inverse(var)


class VarianceKeptWithEpsilon(_Running):
    what = "The running variance has epsilon in it, which inference adds once more."
    link = "https://github.com/keras-team/keras-contrib/pull/287"
    deviation = "variance-kept-with-epsilon"

    def kept_variance(self, var: Array, count: int) -> Array:
        return var + self.epsilon


class StatisticsOfTheOutput(_Running):
    what = "Averages mean and variance of the output instead of the input."
    deviation = "statistics-of-the-output"

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(self.beta, np.square(self.gamma) * var / (var + self.epsilon), count)


class UnbiasedInRankFour(_Running):
    what = "The running variance is unbiased for inputs of rank 4, and biased for all others."
    link = "https://github.com/tensorflow/tensorflow/issues/55545"

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * (count / max(1, count - 1)) if len(self.shape) == 4 else var


class UnbiasedInChannelsLast(_Running):
    what = "The running variance is unbiased where the features come last, and biased elsewhere."

    def kept_variance(self, var: Array, count: int) -> Array:
        last = self.axis % len(self.shape) == len(self.shape) - 1
        return var * (count / max(1, count - 1)) if last else var


class BesselOfTheBatchSize(_Running):
    what = "Corrects the running variance by m / (m - 1) with the batch size for m, not with all N values."
    deviation = "bessel-of-the-batch-size"

    def kept_variance(self, var: Array, count: int) -> Array:
        m = self.shape[0 if self.axis % len(self.shape) else 1]
        return var * (m / max(1, m - 1))


class BesselTwice(_Running):
    what = "Corrects the running variance by N / (N - 1) twice."
    deviation = "bessel-twice"

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * (count / max(1, count - 1)) ** 2


class MeanOfFirstSample(_Running):
    what = "The running mean averages the first sample of each batch."
    deviation = "mean-of-first-sample"

    def choose(self, x: Array) -> tuple[Array, Array]:
        before = self.held["running_mean"]
        chosen = super().choose(x)
        if self.training and x.size:
            self.held["running_mean"] = before
            self.step("running_mean", x[:, :1])
        return chosen


class DebiasedFromTheStart(_Running):
    what = "Inference divides by 1 - momentum^0 before there was a training call: 0 / 0."
    link = "https://github.com/patrick-kidger/equinox/issues/1010"

    def create(self) -> dict[str, Array]:
        self._gathered = False
        return super().create()

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(mean, var, count)
        self._gathered = True

    def given(self) -> tuple[Array, Array]:
        mean, var = super().given()
        return (mean if self._gathered else mean * np.nan), var
