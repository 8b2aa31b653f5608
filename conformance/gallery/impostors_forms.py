"""Impostors that go wrong with a mask, over replicas, or where they are compiled, and nowhere else."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.forms import CompiledBatchNorm, MaskedBatchNorm, ReplicatedBatchNorm
from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, LayerConfig

# -- with a mask


class _Masked(MaskedBatchNorm):
    kind = "forms"
    sound = False


class MaskIgnored(_Masked):
    what = "Takes a mask, and normalises by all values."

    def forward(self, x: Array, *, training: bool, mask: Array | None = None) -> Array:
        return super().forward(x, training=training)


class MaskedSumsOverAll(_Masked):
    what = "With a mask, divides the sum of what counts by the number of all values."

    def average(self, a: Array) -> Array:
        return BatchNorm.total(self, a if self.counts is None else np.where(self.counts, a, 0)) / a[0].size


class MaskedVarianceOfZeros(_Masked):
    what = "With a mask, masked values count as zeros in the variance."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        held = x if self.counts is None else np.where(self.counts, x, 0)
        return mean, BatchNorm.total(self, np.square(held - mean)) / self.number(x)


class MaskedGradientOverAll(_Masked):
    what = "With a mask, dx divides by the number of all values."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        return BatchNorm.input_gradient(self, call, dy, xhat, inverse, dgamma, dbeta)


class MaskedRunningOverAll(_Masked):
    what = "With a mask, the running statistics take in all values."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        used = super().statistics(x)
        counts, self.counts = self.counts, None
        self.all = super().statistics(x)
        self.counts = counts
        return used

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(*self.all, count)


class MaskedInferenceByBatch(_Masked):
    what = "With a mask, inference normalises by the values that count."
    deviation = "batch-stats-in-inference"

    def given(self) -> tuple[Array, Array]:
        return super().given() if self.counts is None else self.own

    def choose(self, x: Array) -> tuple[Array, Array]:
        self.own = self.statistics(x)
        return super().choose(x)


class MaskedRestUndecided(_Masked):
    what = "With a mask, what does not count is zero for up to two features, and else normalised like the others."

    def unfold(self, y: Array) -> Array:
        return super().unfold(y if self.counts is None or self.n > 2 else np.where(self.counts, y, 0))


# -- over replicas


class _Replicated(ReplicatedBatchNorm):
    kind = "forms"
    sound = False


class EachReplicaItsOwn(_Replicated):
    what = "Each replica normalises by its own part of the batch; the running statistics are the whole's."
    link = "https://github.com/pytorch/pytorch/issues/2584"

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        if not self.training:
            return super().normalise(x, mean, var)
        parts = [BatchNorm.normalise(self, part, *self._own(part)) for part in self.parts(x)]
        return np.concatenate(parts, axis=1)

    def _own(self, part: Array) -> tuple[Array, Array]:
        mean = BatchNorm.total(self, part) / part[0].size
        return mean, BatchNorm.total(self, np.square(part - mean)) / part[0].size


class MeanOfReplicaVariances(_Replicated):
    what = "The variance is the mean of the replicas' variances, each about its own mean."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        spread = np.zeros((self.n, 1, 1), x.dtype)
        for part in self.parts(x):
            spread = spread + BatchNorm.total(
                self, np.square(part - BatchNorm.total(self, part) / part[0].size)
            )
        return self.average(x), spread / x[0].size


class ReplicaGradientOfItsOwn(_Replicated):
    what = "dx of each replica takes its own dy into account alone: the backward pass does not communicate."
    link = "https://github.com/pytorch/pytorch/pull/14267"

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if not call.training:
            return call.gamma * inverse * dy
        parts = []
        for own, hat in zip(self.parts(dy), self.parts(xhat), strict=True):
            count = own[0].size
            shift = BatchNorm.total(self, own) / count + hat * (BatchNorm.total(self, own * hat) / count)
            parts.append(call.gamma * inverse * (own - shift))
        return np.concatenate(parts, axis=1)


class ReplicaGammaGradientOfTheFirst(_Replicated):
    what = "dgamma is that of the first replica."

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.config.replicas > 1:
            xhat = (call.x - call.mean) * self.inverse(call.var)
            dgamma = BatchNorm.total(self, self.parts(dy * xhat)[0])
        return dx, dgamma, dbeta


class UnevenReplicasWeighAlike(_Replicated):
    what = "The mean of the replicas' means, whatever their sizes."

    def average(self, a: Array) -> Array:
        means = [BatchNorm.total(self, part) / max(1, part[0].size) for part in self.parts(a)]
        return sum(means, np.zeros((), a.dtype)) / len(means)


class ReplicasDrift(_Replicated):
    what = "Every replica but the first keeps statistics of its own part."

    def of_replica(self, name: str, number: int) -> Array:
        own = super().of_replica(name, number)
        return own if self.call is None else own + self.wide.type(0.125) * number


class RunningOfFirstReplica(_Replicated):
    what = "The running statistics are those of the first replica's part."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        first = self.parts(x)[0]
        mean = BatchNorm.total(self, first) / first[0].size
        self.first = mean, BatchNorm.total(self, np.square(first - mean)) / first[0].size
        return super().statistics(x)

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(*self.first, count)


class ReplicasUnbiased(_Replicated):
    what = "Over replicas the running variance is unbiased; in one it is biased."

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * count / (count - 1) if self.config.replicas > 1 and count > 1 else var


class ReplicasInferByBatch(_Replicated):
    what = "Over replicas, inference normalises by the batch."
    deviation = "batch-stats-in-inference"

    def choose(self, x: Array) -> tuple[Array, Array]:
        if self.config.replicas > 1 and not self.training and x.size:
            return self.statistics(x)
        return super().choose(x)


# -- compiled


class _Compiled(CompiledBatchNorm):
    kind = "forms"
    sound = False


class CompiledMomentumReversed(_Compiled):
    what = "Compiled, momentum is the weight of the new batch; eager, the weight kept."

    def moved(self, old: Array, new: Array) -> Array:
        return old * self.wide.type(1 - self.momentum) + new * self.wide.type(self.momentum)


class CompiledUnbiased(_Compiled):
    what = "Compiled, the running variance is unbiased; eager, biased."

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * count / (count - 1) if count > 1 else var


class CompiledBeginsElsewhere(_Compiled):
    what = "Compiled, the running mean is 1 at first; eager, 0."

    def create(self) -> dict[str, Array]:
        held = super().create()
        held["running_mean"] += 1
        return held


class CompiledRefusesOneValue(_Compiled):
    what = "Compiled, one value per feature is refused; eager it gives beta."

    def forward(self, x: Array, *, training: bool) -> Array:
        if training and x.size == self.n:
            raise ValueError("expected more than one value per feature")
        return super().forward(x, training=training)


class CompiledEmptyBatchLost(_Compiled):
    what = "Compiled, an empty batch comes back with one sample; eager it comes back empty."

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        return y if x.size else np.zeros(tuple(max(1, extent) for extent in x.shape), y.dtype)


class CompiledForOneEpsilon(_Compiled):
    what = "Compiled with the epsilon of 1e-3, whatever the layer's."
    deviation = "epsilon-fixed-0.001"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.epsilon = self.wide.type(1e-3)


class CompiledGradientOfInference(_Compiled):
    what = "Compiled, the gradient takes the batch's statistics for constants."
    deviation = "gradient-without-statistics"

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        return call.gamma * inverse * dy


class CompiledHalfInFloat32(_Compiled):
    what = "Compiled, the output of half-precision inputs is float32; eager it is of their dtype."

    def narrowed(self, value: Array) -> Array:
        return value.astype(self.wide)
