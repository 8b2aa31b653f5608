"""Which cases a probe is about: the regimes, shapes and axes to draw from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from conformance.cases.case import Beta, Gamma, Values
from conformance.implementation import Capabilities


@dataclass(frozen=True, slots=True)
class Domain:
    """The cases a probe is asked about: the regimes to draw from, plainest first.

    :ivar scales: sizes of the values; :ivar near_epsilon: sizes in units of sqrt(epsilon), drawn as well.
    :ivar every_epsilon: draw even those that float16 arithmetic may flush to zero.
    :ivar most: the largest mean to draw. :ivar min_count, max_count: values per feature.
    :ivar pool: the only pairs (shape, axis) to draw, where shapes are no matter.
    :ivar wide: half precision has the range of float32, but for x and y themselves.
    :ivar in_turn: features take all combinations of regimes in turn, in an order in which few of them already differ
        in every regime, and not some that are drawn.
    """

    values: tuple[Values, ...] = ("normal", "two-valued", "integer", "heavy-tailed")
    kappas: tuple[float, ...] = (0.0, 1.0, 0.25, -0.5)
    scales: tuple[float, ...] = (1.0, 2.0, 0.25)
    near_epsilon: tuple[float, ...] = ()
    gammas: tuple[Gamma, ...] = ("one", "random", "negative", "zero", "small", "large")
    betas: tuple[Beta, ...] = ("zero", "random", "large", "small")
    epsilons: tuple[float, ...] = (1e-5, 1e-3, 1e-2, 1.0, 1e-8, 1e-4)
    momenta: tuple[float, ...] = (0.9, 0.99, 0.5, 0.1, 0.0, 1.0)
    every_epsilon: bool = False
    most: float = math.inf
    max_features: int = 128
    min_features: int = 1
    min_count: int = 2
    max_count: int = 256
    pool: tuple[tuple[tuple[int, ...], int], ...] = ()
    wide: bool = False
    in_turn: bool = False

    def for_dtype(self, dtype: str) -> Domain:
        """The same, as far as sums of squares do not overflow arithmetic in ``dtype`` itself."""
        if dtype == "float64":
            # The oracle of float64 is slow, and float64 itself not known to lose its way in long sums.
            return replace(self, pool=tuple(each for each in self.pool if math.prod(each[0]) <= 1 << 16))
        if dtype != "float16" or self.wide:
            return self
        count = self.max_count if max(map(abs, self.kappas)) <= 2 else 32
        return replace(
            self,
            most=32.0,
            # Folded coefficients, x a + (beta - mean a), must not overflow either.
            gammas=tuple(g for g in self.gammas if g != "large") or ("one",),
            scales=tuple(s for s in self.scales if 2.0**-4 <= s <= 1) or (1.0,),
            # Arithmetic in float16 may flush what is below its smallest normal number, 2^-14; some
            # experiments divide epsilon by 4.
            epsilons=tuple(e for e in self.epsilons if self.every_epsilon or e == 0 or e >= 2.0**-12)
            or (1e-3,),
            max_count=min(count, 64),
        )


def in_every_rank(*extents: tuple[int, int]) -> tuple[tuple[tuple[int, ...], int], ...]:
    """A pool: m values for each of n features, for each pair (m, n), in every rank, with the features
    second, last and first. The extents vary fastest, so that a few cases see them all.
    """
    found: list[tuple[tuple[int, ...], int]] = []
    for place in ("second", "last", "first"):
        for rank in (2, 3, 4, 5):
            ones = (1,) * (rank - 2)
            for m, n in extents:
                shapes = {
                    "second": ((m, n, *ones), 1),
                    "last": ((m, *ones, n), -1),
                    "first": ((n, m, *ones), 0),
                }
                found.append(shapes[place])
    return tuple(found)


def fitting(
    pool: tuple[tuple[tuple[int, ...], int], ...], capabilities: Capabilities
) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Those pairs (shape, axis) of a pool that an implementation takes."""
    return tuple((shape, axis) for shape, axis in pool if capabilities.takes(shape, axis))
