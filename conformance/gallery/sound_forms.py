"""Sound batch norms with a mask, with two calls outstanding, frozen, saved and restored, over replicas, and
compiled.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance.gallery.forms import (
    CompiledBatchNorm,
    FreezingBatchNorm,
    MaskedBatchNorm,
    OutstandingBatchNorm,
    ReplicatedBatchNorm,
    SavingBatchNorm,
)
from conformance.gallery.layer import BatchNorm, Call
from conformance.gallery.sound import BlockedSums, ChanMerge
from conformance.implementation import Array, LayerConfig


class MaskedSums(MaskedBatchNorm):
    kind = "sound"
    what = "With a mask, sums in which everything else is zero."


class MaskedValues(MaskedBatchNorm):
    kind = "sound"
    what = "With a mask, normalises the values that count and leaves zeros elsewhere."

    def total(self, a: Array) -> Array:
        return BatchNorm.total(self, a if self.counts is None else a[:, None, self.counts])

    def unfold(self, y: Array) -> Array:
        return super().unfold(y if self.counts is None else np.where(self.counts, y, 0))


class KeepsTwoCalls(OutstandingBatchNorm):
    kind = "sound"
    what = "Keeps what the gradients of two calls need."


class FreezesWhatItIsTold(FreezingBatchNorm):
    kind = "sound"
    what = (
        "Frozen, training normalises by the statistics it has; without any, inference by those of the batch."
    )


class SavesAllItHolds(SavingBatchNorm):
    kind = "sound"
    what = "Saves what it holds, and how many batches that stands for."


class ReplicasShareSums(ReplicatedBatchNorm):
    kind = "sound"
    what = "Over replicas of whatever size, sums of sums."


class ReplicasShareMeans(ReplicatedBatchNorm):
    kind = "sound"
    what = "Over replicas of one size, the mean of means, and the mean of variances about it."
    capabilities = replace(ReplicatedBatchNorm.capabilities, uneven=False)

    def average(self, a: Array) -> Array:
        means = [BatchNorm.total(self, part) / max(1, part[0].size) for part in self.parts(a)]
        return sum(means, np.zeros((), a.dtype)) / len(means)


class ReplicasMergeMoments(ReplicatedBatchNorm):
    kind = "sound"
    what = "Over replicas, counts, means and sums of squares about them, merged as by Chan."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        count, mean, spread = 0, np.zeros((self.n, 1, 1), x.dtype), np.zeros((self.n, 1, 1), x.dtype)
        for part in self.parts(x):
            if not part.size:
                continue
            own, more = ChanMerge.statistics(self, part)  # type: ignore[arg-type]
            size = part[0].size
            delta, total = own - mean, count + size
            spread = spread + more * size + delta * (delta * (count * size / total))
            mean, count = mean + delta * (size / total), total
        return mean, spread / count


class CompiledInOtherOrder(CompiledBatchNorm, BlockedSums):
    kind = "sound"
    what = "Compiled, sums are taken in another order than eager."


class CompiledFolded(CompiledBatchNorm):
    kind = "sound"
    what = "Compiled, the gradient is folded into coefficients; eager it is not."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        a = call.gamma * inverse
        if not call.training:
            return a * dy
        count = dy[0].size
        return a * dy - (a * (dbeta / count) + xhat * (a * (dgamma / count)))


class CompiledFloat32Epsilon(CompiledBatchNorm):
    kind = "sound"
    what = "Compiled, epsilon and momentum are held in float32, as attributes of ONNX are."

    def start(self, config: LayerConfig) -> None:
        epsilon, momentum = float(np.float32(config.epsilon)), float(np.float32(config.momentum))
        super().start(replace(config, epsilon=epsilon, momentum=momentum))
