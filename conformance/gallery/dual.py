"""Dual numbers over arrays, which carry a derivative along one direction; nested, along several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.implementation import Array


@dataclass(frozen=True)
class Dual:
    """:ivar value, slope: arrays, or dual numbers themselves."""

    value: Any
    slope: Any

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slope + other.slope)
        return Dual(self.value + other, self.slope)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Dual:
        difference: Dual = self + (-other)
        return difference

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)
        return Dual(self.value * other, self.slope * other)


def along(x: Array, directions: tuple[Array, ...]) -> Any:
    """x, with a dual number for each direction: the first is the outermost."""
    if not directions:
        return x
    return Dual(along(x, directions[1:]), along(directions[0], tuple(0 * d for d in directions[1:])))


def derivative(y: Any) -> Array:
    """That along all directions."""
    while isinstance(y, Dual):
        y = y.slope
    return np.asarray(y)


def constant(y: Any) -> Any:
    """The same value, whatever the direction."""
    return Dual(constant(y.value), constant(y.value) * 0) if isinstance(y, Dual) else y


def mean(y: Any) -> Any:
    """Over each feature of (n, batch, space)."""
    if isinstance(y, Dual):
        return Dual(mean(y.value), mean(y.slope))
    return y.mean(axis=(1, 2), keepdims=True)


def inverse_root(u: Any) -> Any:
    """1 / sqrt(u)."""
    if isinstance(u, Dual):
        r = inverse_root(u.value)
        return Dual(r, r * r * r * u.slope * -0.5)
    return 1 / np.sqrt(u)
