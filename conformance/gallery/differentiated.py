"""A batch norm with derivatives of any order, by nested dual numbers through y or through its gradient."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.gallery.dual import along, derivative, inverse_root, mean
from conformance.gallery.layer import BatchNorm
from conformance.implementation import COMPOSITIONS, Array


class DifferentiatedBatchNorm(BatchNorm):
    capabilities = replace(BatchNorm.capabilities, derivatives=COMPOSITIONS)

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        self.shape = x.shape
        ways = [self.fold(each) for each in along]
        first = modes.index("reverse") if "reverse" in modes else None
        loss = None if first is None else ways.pop(first)
        return self.unfold(self.composed(self.fold(x), tuple(ways), loss, training))

    def composed(self, x: Array, ways: tuple[Array, ...], loss: Array | None, training: bool) -> Array:
        """The derivative along ``ways`` of y, or of its gradient for ``loss``; (n, batch, space)."""
        dual = along(x, ways)
        if not training:
            return derivative(self.linear(dual, loss)) + 0 * x
        return derivative(self.output(dual) if loss is None else self.slope(dual, loss))

    def linear(self, x: Any, loss: Array | None) -> Any:
        scale = self.gamma * self.inverse(self.given()[1])
        if loss is None:
            return x * scale
        return x * 0 + scale * loss

    def output(self, x: Any) -> Any:
        d = x - mean(x)
        return d * inverse_root(mean(d * d) + self.epsilon) * self.gamma

    def slope(self, x: Any, loss: Array) -> Any:
        """The gradient of the sum of loss and y."""
        d = x - mean(x)
        r = inverse_root(mean(d * d) + self.epsilon)
        xhat = d * r
        return -(xhat * mean(xhat * loss) + mean(loss) - loss) * r * self.gamma
