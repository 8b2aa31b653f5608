"""Sound batch norms: every way in which the same numbers are legitimately come by. None may be accused."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, LayerConfig

_LARGE_BATCH = ("numerics.large-batch",)


class _Sound(BatchNorm):
    kind = "sound"
    capabilities = replace(BatchNorm.capabilities, mixed=True)


# -- sums and statistics


class PairwiseSums(_Sound):
    what = "Two passes, sums in pairs."


class SequentialSums(_Sound):
    what = "Two passes, sums one term after the other in the working precision."
    declared = _LARGE_BATCH

    def total(self, a: Array) -> Array:
        rows = a.reshape(self.n, -1)
        if rows.shape[1] == 0:
            return super().total(a)
        return np.add.accumulate(rows, axis=1)[:, -1].reshape(-1, 1, 1)


class BlockedSums(_Sound):
    what = "Two passes, sums of blocks of 32 one after the other, then the sum of the blocks."

    def total(self, a: Array) -> Array:
        rows = a.reshape(self.n, -1)
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 32)))
        blocks = np.add.accumulate(rows.reshape(self.n, -1, 32), axis=2)[..., -1]
        return super().total(blocks[:, None])


class CompensatedSums(_Sound):
    what = "Two passes, sums that carry the rounding of every addition along."

    def total(self, a: Array) -> Array:
        rows = a.reshape(self.n, -1)
        lost = np.zeros((self.n, 1), a.dtype)
        while rows.shape[1] > 1:
            rows = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
            x, y = rows[:, ::2], rows[:, 1::2]
            rows = x + y
            back = rows - x
            lost += ((x - (rows - back)) + (y - back)).sum(axis=1, keepdims=True)
        # An infinity loses more than can be carried.
        whole = rows.sum(axis=1, keepdims=True)
        return np.where(np.isfinite(lost), whole + lost, whole)[:, :, None]


class DoubleAccumulators(_Sound):
    what = "Two passes, sums in float64, rounded once."

    def total(self, a: Array) -> Array:
        return a.reshape(self.n, -1).sum(axis=1, dtype=np.float64).astype(a.dtype).reshape(-1, 1, 1)


class ChannelsLastRows(_Sound):
    what = "Transposes to (N, n) and adds up row by row, as NumPy's mean(axis=0) does."
    declared = _LARGE_BATCH

    def total(self, a: Array) -> Array:
        rows = np.ascontiguousarray(a.reshape(self.n, -1).T)
        return rows.sum(axis=0).reshape(-1, 1, 1)


def _less(var: Array, off: Array) -> Array:
    """The variance less what the centre was off, not below 0. An infinite one stays infinite."""
    return np.where(np.isinf(var), var, np.maximum(var - off, 0))


class CorrectedTwoPass(_Sound):
    what = "Two passes, the second of which corrects the mean and the variance for the error of the first."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        off = self.average(x - mean)
        return mean + off, _less(self.average(np.square(x - mean)), np.square(off))


def _merged(count: Any, mean: Array, spread: Array) -> tuple[Array, Array]:
    """Chan's merge of (count, mean, sum of squares) along the last axis, in pairs, down to one."""
    counts = np.broadcast_to(np.asarray(count, mean.dtype), mean.shape)
    while mean.shape[-1] > 1:
        odd = ((0, 0), (0, mean.shape[-1] % 2))
        counts, mean, spread = (np.pad(each, odd) for each in (counts, mean, spread))
        a, b = slice(None, None, 2), slice(1, None, 2)
        total = counts[:, a] + counts[:, b]
        part = counts[:, b] / total
        delta = np.where(counts[:, b] > 0, mean[:, b] - mean[:, a], 0)
        spread = spread[:, a] + spread[:, b] + delta * delta * counts[:, a] * part
        mean = mean[:, a] + delta * part
        counts = total
    return mean, spread


class ChanMerge(_Sound):
    what = "Chan's parallel algorithm: the statistics of single values, merged in pairs."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        rows = x.reshape(self.n, -1)
        mean, spread = _merged(1, rows, np.zeros_like(rows))
        return mean[:, :, None], spread[:, :, None] / rows.shape[1]


class Welford(_Sound):
    what = "Welford's one-pass update; above 4096 values in 256 strands, merged at the end."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        rows = x.reshape(self.n, -1)
        count = rows.shape[1]
        strands = 256 if count > 4096 else 1
        mean, spread = np.zeros((2, self.n, strands), x.dtype)
        counts = np.zeros(strands, x.dtype)
        for start in range(0, count, strands):
            value = rows[:, start : start + strands]
            k = slice(0, value.shape[1])
            counts[k] += 1
            delta = value - mean[:, k]
            mean[:, k] += delta / counts[k]
            spread[:, k] += delta * (value - mean[:, k])
        mean, spread = _merged(counts, mean, spread)
        return mean[:, :, None], spread[:, :, None] / count


class ShiftedOnePass(_Sound):
    """Less the first value alone would not do: an outlier there is far from the mean, and cancels."""

    what = "One pass over x less the mean of its first eight values, so that the squares do not cancel."

    def statistics(self, x: Array) -> tuple[Array, Array]:
        first = x.reshape(self.n, -1, 1)[:, :8].mean(axis=1, keepdims=True)
        mean = self.average(x - first)
        return first + mean, _less(self.average(np.square(x - first)), np.square(mean))


class OnePassInDouble(_Sound):
    what = "E[x^2] - E[x]^2 in float64 for inputs of float32 and narrower: nothing is lost that they had."
    capabilities = replace(_Sound.capabilities, dtypes=("float32", "float16", "bfloat16"))

    def statistics(self, x: Array) -> tuple[Array, Array]:
        wide = x.astype(np.float64)
        mean = self.average(wide)
        var = self.average(wide * wide) - mean * mean
        return mean.astype(x.dtype), np.maximum(var, 0).astype(x.dtype)


# -- normalisation and the affine map


class FoldedAffine(_Sound):
    what = "y = a x + (beta - mean a) with a = gamma / s."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        a = self.gamma * self.inverse(var)
        return x * a + (self.beta - mean * a)


class ScaleFirst(_Sound):
    what = "y = (x - mean) a + beta with a = gamma / s."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        return (x - mean) * (self.gamma * self.inverse(var)) + self.beta


class DivideByRoot(_Sound):
    what = "Divides by the root instead of multiplying by its reciprocal."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return (x - mean) / np.sqrt(var + self.epsilon)


class RootOfReciprocal(_Sound):
    what = "1 / s as the square root of 1 / (var + epsilon)."

    def inverse(self, var: Array) -> Array:
        return np.sqrt(1 / (var + self.epsilon))


class NewtonReciprocalRoot(_Sound):
    what = "1 / s as hardware gives it to 12 bits, refined by Newton's iteration."

    def inverse(self, var: Array) -> Array:
        v = var + self.epsilon
        exact = 1 / np.sqrt(v)
        fraction, exponent = np.frexp(exact)
        y = np.ldexp(np.round(fraction * 4096) / 4096, exponent)
        for _ in range(3 if v.dtype == np.float64 else 2):
            # The residual is small, so that the last step rounds in its last place only.
            y += y * (1 - v * y * y) / 2
        return np.where(np.isfinite(y), y, exact)


class FusedMultiplyAdd(_Sound):
    what = "Every product and sum of the affine map rounded once together, as fused hardware does."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        # A product of two float32 fits in float64; with float64 itself there is nothing to emulate it in.
        a = (self.gamma * self.inverse(var)).astype(np.float64)
        offset = (self.beta - mean * a).astype(x.dtype)
        return (x * a + offset).astype(x.dtype)


class DoubleInside(_Sound):
    what = "Computes every dtype in float64, running statistics included."

    def working(self, dtype: str) -> np.dtype[Any]:
        return np.dtype(np.float64)


class FlushesSubnormals(_Sound):
    what = "Takes subnormal inputs for zero and returns zero for them, as GPUs and vector units may."

    def fold(self, x: Array) -> Array:
        return self._flushed(super().fold(x))

    def unfold(self, y: Array) -> Array:
        return super().unfold(self._flushed(y))

    def _flushed(self, a: Array) -> Array:
        return np.where(np.abs(a) < np.finfo(self.wide).tiny, self.wide.type(0), a)


class Float32Epsilon(_Sound):
    what = "Holds epsilon and momentum in float32 whatever the input, as ONNX does."

    def start(self, config: LayerConfig) -> None:
        epsilon, momentum = float(np.float32(config.epsilon)), float(np.float32(config.momentum))
        super().start(replace(config, epsilon=epsilon, momentum=momentum))


# -- gradients


class StepwiseGradient(_Sound):
    what = "The gradient by the chain rule, through the variance and the mean, as in the paper."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dxhat = call.gamma * dy
        if not call.training:
            return dxhat * inverse
        d = call.x - call.mean
        dvar = self.average(dxhat * (d * inverse)) * -inverse * inverse / 2
        dmean = -self.average(dxhat * inverse) - 2 * dvar * self.average(d)
        return dxhat * inverse + 2 * dvar * d + dmean


class FoldedGradient(_Sound):
    what = "dx = a dy + b x + c, with three coefficients for each feature."

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        a = call.gamma * inverse
        if not call.training:
            return a * dy
        count = dy[0].size
        b = -a * inverse * (dgamma / count)
        c = -b * call.mean - a * (dbeta / count)
        return a * dy + b * call.x + c
