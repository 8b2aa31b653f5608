"""Impostors that are right in float32 but not in another dtype, or that compute in less than they should."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array
from conformance.protocol.codec import numpy_dtype


class _Dtype(BatchNorm):
    kind = "dtype"
    sound = False

    @property
    def half(self) -> bool:
        return self.narrow.itemsize == 2


class Float64Narrowed(_Dtype):
    what = "Computes float64 in float32."
    link = "https://github.com/tensorflow/tensorflow/issues/33365"
    deviation = "float64-narrowed"

    def working(self, dtype: str) -> np.dtype[Any]:
        return np.dtype(np.float32)


class Float64StatisticsNarrowed(_Dtype):
    what = "Takes the statistics of float64 inputs in float32, and the rest in float64."
    deviation = "float64-narrowed"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x.astype(np.float32))
        return mean.astype(x.dtype), var.astype(x.dtype)


class Float64EpsilonOfFloat16(_Dtype):
    what = "Rounds epsilon to float16 for float64 inputs only."
    deviation = "epsilon-rounded-to-half"

    def inverse(self, var: Array) -> Array:
        if self.narrow == np.float64:
            return 1 / np.sqrt(var + np.float64(np.float16(self.epsilon)))
        return super().inverse(var)


class OutputAlwaysFloat32(_Dtype):
    what = "Returns float32 whatever the input."
    deviation = "float64-narrowed"

    def narrowed(self, value: Array) -> Array:
        return value.astype(np.float32)


class OutputFloat64(_Dtype):
    what = "Returns float64 for inputs of float32."

    def narrowed(self, value: Array) -> Array:
        return value.astype(np.float64) if self.narrow == np.float32 else super().narrowed(value)


class Bfloat16AsFloat16(_Dtype):
    what = "Returns float16 for inputs of bfloat16."
    deviation = "half-arithmetic"

    def narrowed(self, value: Array) -> Array:
        return value.astype(np.float16) if self.narrow.name == "bfloat16" else super().narrowed(value)


class Bfloat16Truncated(_Dtype):
    what = "Cuts float32 results off to bfloat16 instead of rounding them."
    deviation = "half-arithmetic"

    def narrowed(self, value: Array) -> Array:
        if self.narrow.name == "bfloat16":
            bits = value.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF_0000)
            value = bits.view(np.float32)
        return super().narrowed(value)


class StatisticsRoundedToHalf(_Dtype):
    what = "Rounds mean and variance to half precision before they are used."
    link = "https://github.com/chainer/chainer/pull/6323"
    deviation = "statistics-rounded-to-half"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x)
        if self.half:
            mean, var = (each.astype(self.narrow).astype(self.wide) for each in (mean, var))
        return mean, var


class HalfArithmetic(_Dtype):
    what = "Computes half precision in half precision throughout."
    link = "https://github.com/tenstorrent/tt-metal/issues/45968"
    deviation = "half-arithmetic"

    def working(self, dtype: str) -> np.dtype[Any]:
        return numpy_dtype(dtype)


class HalfSquares(_Dtype):
    what = "Squares deviations in half precision, though their sum is taken in float32."
    link = "https://github.com/neuroneural/brainchop-cli/pull/56"
    deviation = "half-arithmetic"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        square = np.square(x - mean)
        return mean, self.average(square.astype(self.narrow).astype(self.wide) if self.half else square)


class HalfNormalised(_Dtype):
    what = "Rounds the normalised values to half precision before gamma and beta are applied."
    deviation = "half-arithmetic"

    def affine(self, xhat: Array) -> Array:
        return super().affine(xhat.astype(self.narrow).astype(self.wide) if self.half else xhat)


class TensorFloat32(_Dtype):
    what = "Multiplies with 11 bits, as TensorFloat-32 hardware does."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        return self._cut(x - mean) * self._cut(self.inverse(var) * self.gamma) + self.beta

    def _cut(self, a: Array) -> Array:
        fraction, exponent = np.frexp(a)
        return np.ldexp(np.round(fraction * 2048) / 2048, exponent).astype(self.wide)


class Float32ThroughBfloat16(_Dtype):
    what = "Reads float32 inputs as bfloat16."

    def fold(self, x: Array) -> Array:
        folded = super().fold(x)
        if self.narrow == np.float32:
            folded = folded.astype(numpy_dtype("bfloat16")).astype(np.float32)
        return folded
