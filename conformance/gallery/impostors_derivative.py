"""Impostors whose y and gradients are right, and whose other derivatives are not."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.gallery.differentiated import DifferentiatedBatchNorm
from conformance.gallery.dual import constant, inverse_root, mean
from conformance.implementation import Array


class _Derivative(DifferentiatedBatchNorm):
    kind = "derivative"
    sound = False


class ForwardModeOfInference(_Derivative):
    what = "Forward mode takes the statistics of the batch for constants."

    def output(self, x: Any) -> Any:
        d = x - constant(mean(x))
        centred = x - mean(x)
        return d * constant(inverse_root(mean(centred * centred) + self.epsilon)) * self.gamma


class SecondWithStatisticsKept(_Derivative):
    what = "Backward keeps the mean and 1 / s of forward, and takes them for constants when it is differentiated."
    link = "https://github.com/pytorch/pytorch/issues/196699"

    def slope(self, x: Any, loss: Array) -> Any:
        centred = x - mean(x)
        r = constant(inverse_root(mean(centred * centred) + self.epsilon))
        xhat = (x - constant(mean(x))) * r
        return -(xhat * mean(xhat * loss) + mean(loss) - loss) * r * self.gamma


class SecondWithoutTheRoot(_Derivative):
    what = "Differentiating backward leaves out that s depends on x."

    def slope(self, x: Any, loss: Array) -> Any:
        d = x - mean(x)
        r = constant(inverse_root(mean(d * d) + self.epsilon))
        xhat = d * r
        return -(xhat * mean(xhat * loss) + mean(loss) - loss) * r * self.gamma


class ThirdWithoutTheVariance(_Derivative):
    what = "The second derivative is right; differentiated again, it takes the variance for a constant."
    link = "https://github.com/pytorch/pytorch/issues/186256"

    def composed(self, x: Array, ways: tuple[Array, ...], loss: Array | None, training: bool) -> Array:
        self.order = len(ways) + (loss is not None)
        return super().composed(x, ways, loss, training)

    def slope(self, x: Any, loss: Array) -> Any:
        if self.order < 3:
            return super().slope(x, loss)
        d = x - mean(x)
        u = mean(d * d) + self.epsilon
        r = inverse_root(type(u)(u.value, u.slope * 0))  # Along the last direction alone.
        xhat = d * r
        return -(xhat * mean(xhat * loss) + mean(loss) - loss) * r * self.gamma


class ForwardOverForwardOfOne(_Derivative):
    what = "Forward over forward takes both directions for the first."

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        if modes == ("forward", "forward"):
            along = along[0], along[0]
        return super().derivative(x, training=training, modes=modes, along=along)


class CurvedInInference(_Derivative):
    what = "With fixed statistics y is linear, and has a second derivative all the same."

    def linear(self, x: Any, loss: Array | None) -> Any:
        return super().linear(x, loss) + (x * x * 1e-3 if hasattr(x, "value") else 0 * x)


class DerivativeAlwaysDouble(_Derivative):
    what = "Derivatives of float32 are float64."

    def derivative(self, x: Array, **rest: Any) -> Array:
        return super().derivative(x, **rest).astype(np.float64)
