"""Batches for the tests of the reference, and the textbook's algorithm in scalars."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from reference import (
    DoubleDouble,
)

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
EVERY_RANK_AND_AXIS = [(rank, axis) for rank in range(2, 6) for axis in range(-rank, rank)]
EXTENTS = (4, 3, 2, 2, 3)


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


class Batch:
    """Features first, (n, N): the textbook's layout, one row for each feature."""

    def __init__(self, seed: int, n: int, count: int) -> None:
        self.x, self.dy = normal(seed, n, count) * 3 + 5, normal(seed + 1, n, count)
        self.gamma, self.beta, self.mean, self.var = normal(seed + 2, 4, n)
        self.var = 0.5 + abs(self.var)


def textbook(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    """Algorithm 1 of Ioffe and Szegedy for one feature after another, in scalars."""
    y = np.empty_like(x)
    for k, values in enumerate(x):
        mu = sum(values) / len(values)
        variance = sum((value - mu) ** 2 for value in values) / len(values)
        for i, value in enumerate(values):
            y[k, i] = gamma[k] * (value - mu) / (variance + epsilon) ** 0.5 + beta[k]
    return y


def float64(value: Any) -> Array:
    return value.to_float64() if isinstance(value, DoubleDouble) else np.asarray(value)
