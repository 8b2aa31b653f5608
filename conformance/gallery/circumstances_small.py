"""Impostors that are right but for one thing, which takes a large, an empty or an unusual call to show."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.forms import ReplicatedBatchNorm
from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, Gradients

_Pair = tuple[Array, Array]


class _Small(BatchNorm):
    kind = "small"
    sound = False


class RunningVarianceLostToOneValue(_Small):
    what = "The running variance is unbiased, and one value per feature makes it NaN for good."
    circumstances = ("call",)

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * count / self.wide.type(count - 1)


class StatisticsMoveInBackward(_Small):
    what = "Backward computes the forward call again, and the running statistics move a second time."
    circumstances = ("call",)

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if self.call is not None and self.call.training and dy.size:
            self.update(self.call.mean, self.call.var, self.call.x[0].size)
        return gradients


class KeptInputReadInMemoryOrder(_Small):
    what = "Backward after training reads the x that it kept in the order in which it lies in memory."
    circumstances = ("call", "memory of x")

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if training and self.call is not None:
            upwards = x[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in x.strides)]
            self.call = self.call._replace(x=self.fold(upwards.ravel(order="K").reshape(x.shape)))
        return y


class EmptyPartRefused(ReplicatedBatchNorm, _Small):
    what = "Over replicas, a batch with fewer samples than replicas is refused."
    circumstances = ("replicas",)

    def statistics(self, x: Array) -> _Pair:
        if x.shape[1] < self.config.replicas:
            raise ValueError(f"{x.shape[1]} samples cannot be split over {self.config.replicas} replicas")
        return super().statistics(x)


class PartsOfOneSampleAlone(ReplicatedBatchNorm, _Small):
    what = "Over replicas of one sample each, every replica normalises by its own sample."
    circumstances = ("replicas",)

    def statistics(self, x: Array) -> _Pair:
        if 1 < self.config.replicas == x.shape[1]:
            return x.mean(axis=2, keepdims=True), x.var(axis=2, keepdims=True)
        return super().statistics(x)


class HalfSumsOverflow(_Small):
    what = "For float16 the sums of backward overflow above 65,504, the largest float16."
    circumstances = ("dtype",)

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        return super().input_gradient(call, dy, xhat, inverse, self._held(dgamma), self._held(dbeta))

    def _held(self, total: Array) -> Array:
        """The sum as float16 has it, but for the rounding."""
        lost = (self.narrow == np.float16) & (np.abs(total) > np.finfo(np.float16).max)
        return np.where(lost, np.copysign(self.wide.type(np.inf), total), total)


class ManyRowsRefusedInInference(_Small):
    what = "Inference refuses more than 65,535 samples: they are blocks of one axis of a grid."
    circumstances = ("call", "values per feature")

    def forward(self, x: Array, *, training: bool) -> Array:
        if not training and x.shape[0] > 65_535 and self.axis % x.ndim:
            raise RuntimeError("invalid configuration argument")
        return super().forward(x, training=training)


class StatisticsOfTheFirst768(_Small):
    what = "The statistics are those of the first 768 values of each feature."
    circumstances = ("values per feature",)

    def statistics(self, x: Array) -> _Pair:
        return super().statistics(x.reshape(self.n, -1, 1)[:, :768])


class NotANumberBecomesZero(_Small):
    what = "NaN in the output is replaced by 0."
    circumstances = ("call",)

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        y = super().transform(x, mean, var)
        return np.where(np.isnan(y), self.wide.type(0), y)
