"""Hypothesis strategies that draw cases.

Hypothesis chooses shapes, regimes and seeds; no array element is ever drawn, so that a case costs a dozen
choices whatever its size. All choices shrink towards the plain: rank 2, one feature, standard normal values,
gamma 1, beta 0. The choices (a :class:`Sketch`) do not depend on the domain, so a campaign draws them once
and every probe makes its own cases of them.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conformance.case import Beta, Case, Gamma, Recipe, Values
from conformance.implementation import Capabilities

T = TypeVar("T")

_MOST_ELEMENTS = 1 << 14
_SHORT = 24
#: Shapes and axes for implementations that compile for each new one; for dtypes other than float32 the first alone.
#: So few need many features, for each to be an experiment.
_POOL = (
    ((8, 48), 1),
    ((4, 32, 6), 1),
    ((2, 24, 3, 4), 1),
    ((2, 16, 2, 2, 3), 1),
    ((96, 32), -1),
    ((3, 8), 0),
    ((2, 4, 3, 16), 3),
    ((4, 1), 1),
)
_FOR_EVERY_DTYPE = 4


@dataclass(frozen=True, slots=True)
class Domain:
    """The cases a probe is asked about: the regimes to draw from, plainest first.

    :ivar scales: sizes of the values; :ivar near_epsilon: sizes in units of sqrt(epsilon), drawn as well.
    :ivar every_epsilon: draw even those that float16 arithmetic may flush to zero.
    :ivar most: the largest mean to draw. :ivar min_count, max_count: values per feature.
    :ivar pool: the only pairs (shape, axis) to draw, where shapes are no matter.
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
    in_turn: bool = False

    def for_dtype(self, dtype: str) -> Domain:
        """The same, as far as sums of squares do not overflow arithmetic in ``dtype`` itself."""
        if dtype == "float64":
            # The oracle of float64 is slow, and float64 itself not known to lose its way in long sums.
            return replace(self, pool=tuple(each for each in self.pool if math.prod(each[0]) <= 1 << 16))
        if dtype != "float16":
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


@functools.lru_cache
def _recipes(domain: Domain) -> list[Recipe]:
    """Every combination of the domain's regimes, with means as large as it allows; the plainest is the first."""
    return [
        Recipe(values, kappa, scale, gamma, beta)
        for values, kappa, scale, gamma, beta in itertools.product(
            domain.values, domain.kappas, domain.scales, domain.gammas, domain.betas
        )
        if abs(kappa) * scale <= domain.most
    ]


class Sketch(NamedTuple):
    """The choices Hypothesis makes: numbers, of which any domain makes a case. 0 is the plainest of each."""

    rank: int
    axis: int
    features: int
    batch: int
    extents: tuple[int, ...]
    palette: tuple[int, ...]
    epsilon: int
    near: int
    momentum: int
    seed: int
    square: int


_EXTENTS, _PALETTE = 3, 6
_WORDS = 10 + _EXTENTS + _PALETTE


def _sketch(drawn: bytes) -> Sketch:
    words = [int.from_bytes(drawn[k : k + 4], "little") for k in range(0, len(drawn), 4)]
    extents, words = tuple(words[:_EXTENTS]), words[_EXTENTS:]
    palette, words = tuple(words[:_PALETTE]), words[_PALETTE:]
    rank, axis, features, batch, epsilon, near, momentum, seed_, regimes, square = words
    used = palette[: 1 + regimes % _PALETTE]
    return Sketch(rank, axis, features, batch, extents, used, epsilon, near, momentum, seed_, square)


# Bytes and not integers: for those Hypothesis also tries numbers it finds in the source of modules that
# happen to be loaded, and the same seed would draw other cases in another process.
_sketches = st.binary(min_size=4 * _WORDS, max_size=4 * _WORDS).map(_sketch)


def cases(
    domain: Domain = Domain(),
    capabilities: Capabilities = Capabilities(),
    dtype: str = "float32",
) -> st.SearchStrategy[Case]:
    """Cases of ``domain`` in ``dtype``, of the ranks and axes that ``capabilities`` declares."""
    return _sketches.map(lambda sketch: case_from(sketch, domain, capabilities, dtype))


def case_from(sketch: Sketch, domain: Domain, capabilities: Capabilities, dtype: str) -> Case:
    """What a domain makes of a sketch."""
    domain = domain.for_dtype(dtype)
    pool = _pool(domain, capabilities, dtype)
    if pool and capabilities.compiles:
        # Epsilon and momentum are constants of what is compiled: each shape has its own, and not each with each.
        which = sketch.rank % len(pool)
        sketch = sketch._replace(epsilon=which, momentum=which)
    shape, axis = _pick(pool, sketch.rank) if pool else _shape(sketch, domain, capabilities)
    recipes = _recipes(domain)
    numbers = _in_turn(len(recipes), sketch.palette[0]) if domain.in_turn else sketch.palette
    palette = [recipes[k % len(recipes)] for k in numbers]
    epsilon = _pick(domain.epsilons, sketch.epsilon)
    if domain.near_epsilon:
        scale = _pick(domain.near_epsilon, sketch.near) * epsilon**0.5
        palette = [replace(r, scale=scale) for r in palette]
    features = tuple(_streamed(palette[k % len(palette)], k) for k in range(shape[axis]))
    momentum = _pick(domain.momenta, sketch.momentum)
    return Case(shape, axis, dtype, epsilon, momentum, features, sketch.seed)


def _pool(domain: Domain, capabilities: Capabilities, dtype: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """The only pairs (shape, axis) to draw; none where they are drawn freely."""
    if domain.pool:
        return fitting(domain.pool, capabilities) or domain.pool
    if not capabilities.compiles:
        return ()
    known = [each for each in fitting(_POOL, capabilities) if each[0][each[1]] >= domain.min_features]
    if dtype != "float32":
        known = [each for each in known if each in _POOL[:_FOR_EVERY_DTYPE]] or known
    return tuple(known)


def _shape(sketch: Sketch, domain: Domain, capabilities: Capabilities) -> tuple[tuple[int, ...], int]:
    rank = _pick(sorted(capabilities.ranks), sketch.rank)
    axes = [axis for axis in (1, -1, *range(rank)) if axis < rank and capabilities.takes_axis(axis, rank)]
    axis = _pick(axes, sketch.axis)
    features = _between(domain.min_features, domain.max_features, sketch.features)
    left = max(domain.min_count, min(domain.max_count, _MOST_ELEMENTS // features))
    if sketch.square % 8 >= 5:
        # Rounding errors show most in short batches: the bound of a sum grows faster than its error.
        left = max(domain.min_count, min(left, _SHORT))
    choices = list(sketch.extents[: rank - 2])
    if sketch.square % 8 == 1:
        # As many features as places along the other axes: axes that are mistaken for one another still fit.
        features = max(domain.min_features, 1 + features % 6)
        choices = [features - 1] * (rank - 2)
    extents: list[int] = []
    for choice in choices:
        extents.append(_between(1, max(1, min(6, left // domain.min_count)), choice))
        left //= extents[-1]
    least = -(-domain.min_count // math.prod(extents))
    shape = [_between(least, max(least, left), sketch.batch), *extents]
    shape.insert(axis % rank, features)
    return tuple(shape), axis


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
    return tuple(
        (shape, axis)
        for shape, axis in pool
        if len(shape) in capabilities.ranks and capabilities.takes_axis(axis, len(shape))
    )


def _in_turn(count: int, start: int) -> range:
    """Each number modulo ``count`` once, any few in a row far apart: by steps of the golden section."""
    step = next(k for k in range(round(0.618 * count), 2 * count) if math.gcd(k, count) == 1)
    return range(start, start + step * count, step)


def _pick(options: Sequence[T], choice: int) -> T:
    return options[choice % len(options)]


def _between(least: int, most: int, choice: int) -> int:
    return least + choice % (most - least + 1)


@functools.lru_cache(1 << 14)
def _streamed(recipe: Recipe, stream: int) -> Recipe:
    return replace(recipe, stream=stream)


def evenly(drawn: Sequence[Sketch], ranks: int) -> tuple[Sketch, ...]:
    """Sketches of which a few already see every rank, axes of each, short, square and long batches, every epsilon and
    every momentum: what most verdicts turn on is taken in turn and not at random, so that none depends on the seed.

    :param ranks: how many ranks there are to take.
    """
    return tuple(
        sketch._replace(
            rank=number,
            axis=number // ranks,
            square=number + number // 8,
            momentum=number,
            epsilon=number + number // 6,
        )
        for number, sketch in enumerate(drawn)
    )


@functools.lru_cache(8)
def sketches(seed_: int, count: int) -> tuple[Sketch, ...]:
    """The first ``count`` sketches Hypothesis draws under a seed: the same every time."""
    drawn: list[Sketch] = []

    @seed(seed_)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(_sketches)
    def collect(sketch: Sketch) -> None:
        drawn.append(sketch)

    collect()
    return tuple(drawn)
