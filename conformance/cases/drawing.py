"""Drawing cases.

Hypothesis is the source of the bytes. They become the choices of a :class:`Sketch`: shapes, regimes, a seed. No array
element is ever drawn, so a case costs a dozen choices whatever its size. The choices do not depend on the domain: a
campaign draws them once, and every probe makes its own cases of them. :func:`cases` is the same as a strategy, for
property tests. There all choices shrink towards the plain: rank 2, one feature, standard normal values, gamma 1 and
beta 0.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conformance.cases.case import Case, Regime
from conformance.cases.domain import Domain, fitting
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


@functools.lru_cache
def _regimes(domain: Domain) -> list[Regime]:
    """Every combination of the domain's regimes, with means as large as it allows; the plainest is the first."""
    return [
        Regime(values, kappa, scale, gamma, beta)
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
    regimes = _regimes(domain)
    numbers = _in_turn(len(regimes), sketch.palette[0]) if domain.in_turn else sketch.palette
    palette = [regimes[k % len(regimes)] for k in numbers]
    epsilon = _pick(domain.epsilons, sketch.epsilon)
    if capabilities.epsilon is not None:
        epsilon = capabilities.epsilon
    if domain.near_epsilon:
        scale = _pick(domain.near_epsilon, sketch.near) * epsilon**0.5
        palette = [replace(r, scale=scale) for r in palette]
    features = tuple(_streamed(palette[k % len(palette)], k) for k in range(shape[axis]))
    momentum = _pick(domain.momenta, sketch.momentum)
    if capabilities.momentum is not None:
        momentum = capabilities.momentum
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


def _in_turn(count: int, start: int) -> range:
    """Each number modulo ``count`` once, any few in a row far apart: by steps of the golden section."""
    step = next(k for k in range(round(0.618 * count), 2 * count) if math.gcd(k, count) == 1)
    return range(start, start + step * count, step)


def _pick(options: Sequence[T], choice: int) -> T:
    return options[choice % len(options)]


def _between(least: int, most: int, choice: int) -> int:
    return least + choice % (most - least + 1)


@functools.lru_cache(1 << 14)
def _streamed(regime: Regime, stream: int) -> Regime:
    return Regime(regime.values, regime.kappa, regime.scale, regime.gamma, regime.beta, stream)


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
