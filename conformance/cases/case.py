"""A case: a small, frozen description of one batch-norm experiment, from which every array follows.

One feature is one experiment. Batch normalisation treats features independently, so a tensor with 32
features is 32 experiments in one call, each under a :class:`Regime` of its own. A failure names its feature,
and shrinks to that feature alone: its ``stream`` keeps its numbers what they were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, get_args

import msgspec

from conformance.implementation import DTYPES, LayerConfig
from conformance.protocol.layouts import check

Values = Literal["normal", "two-valued", "integer", "heavy-tailed", "constant", "one-nan", "one-infinity"]
Gamma = Literal["one", "random", "negative", "zero", "small", "large"]
Beta = Literal["zero", "random", "large", "small"]

_VALUES, _GAMMA, _BETA = get_args(Values), get_args(Gamma), get_args(Beta)
_MOST_ELEMENTS = 1 << 27
#: The most that a campaign draws. A case may come from a stranger's file, and each feature is spelled out.
MOST_FEATURES = 1025


@dataclass(frozen=True, slots=True)
class Regime:
    """What one feature's values, gamma and beta are drawn from.

    The values are ``scale * (kappa + z)``, z of unit spread from the distribution ``values``: so ``kappa``
    is |mean| / sqrt(var), the condition of the data. Everything else follows from the case's seed and
    ``stream``.
    """

    values: Values = "normal"
    kappa: float = 0.0
    scale: float = 1.0
    gamma: Gamma = "one"
    beta: Beta = "zero"
    stream: int = 0

    def __post_init__(self) -> None:
        # A campaign makes a million of these, nearly all of which are what they should be.
        if self.values not in _VALUES or self.gamma not in _GAMMA or self.beta not in _BETA:
            raise ValueError(self._unknown())
        if not (math.isfinite(self.kappa) and math.isfinite(self.scale)):
            raise ValueError(f"kappa and scale must be finite; they are {self.kappa} and {self.scale}")
        if not 0 <= self.stream < 1 << 32:
            raise ValueError(f"stream must lie in [0, 2^32); it is {self.stream}")

    def _unknown(self) -> str:
        for name, known in (("values", _VALUES), ("gamma", _GAMMA), ("beta", _BETA)):
            if getattr(self, name) not in known:
                break
        return f"a regime's {name} must be one of {', '.join(known)}; it is {getattr(self, name)!r}"


@lru_cache(MOST_FEATURES)  # A file may hold very many cases that leave their features out.
def _plain(n: int) -> tuple[Regime, ...]:
    return tuple(map(_plain_in, range(n)))


@lru_cache(MOST_FEATURES)
def _plain_in(stream: int) -> Regime:
    return Regime(stream=stream)


@dataclass(frozen=True, slots=True)
class Case:
    """One experiment.

    :ivar shape: shape of x, rank 2 or more. :ivar axis: its feature axis, possibly negative.
    :ivar dtype: one of :data:`~conformance.implementation.DTYPES`.
    :ivar features: one regime for each of the n features.
    :ivar seed: from which, and each feature's stream, all numbers follow.
    :ivar memory: how x lies in memory, one of :data:`~conformance.protocol.layouts.LAYOUTS`.
    :ivar circumstances: of a session, what is not plain in its calls: levels by the names of their factors.
    :raises ValueError: a value that makes no sense, named with what was expected.
    """

    shape: tuple[int, ...]
    axis: int
    dtype: str = "float32"
    epsilon: float = 1e-5
    momentum: float = 0.9
    features: tuple[Regime, ...] = ()
    seed: int = 0
    memory: str = "contiguous"
    circumstances: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.shape) < 2 or any(extent < 1 for extent in self.shape):
            raise ValueError(f"shape must have at least 2 extents, each 1 or more; it is {self.shape}")
        if math.prod(self.shape) > _MOST_ELEMENTS:
            raise ValueError(f"shape {self.shape} has more than {_MOST_ELEMENTS} elements")
        if not -len(self.shape) <= self.axis < len(self.shape):
            raise ValueError(f"axis {self.axis} is out of range for shape {self.shape}")
        if self.n > MOST_FEATURES:
            raise ValueError(
                f"shape {self.shape} has more than {MOST_FEATURES} features, the most that are drawn"
            )
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; it is {self.dtype!r}")
        if not 0 <= self.epsilon < math.inf:
            raise ValueError(f"epsilon must be finite and >= 0; it is {self.epsilon}")
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"momentum must lie between 0 and 1; it is {self.momentum}")
        if not 0 <= self.seed < 1 << 64:
            raise ValueError(f"seed must lie in [0, 2^64); it is {self.seed}")
        check(self.memory)
        if not self.features:
            object.__setattr__(self, "features", _plain(self.n))
        if len(self.features) != self.n:
            raise ValueError(
                f"features must hold one regime for each of the {self.n} features of shape {self.shape} "
                f"along axis {self.axis}; it holds {len(self.features)}"
            )

    def __hash__(self) -> int:
        # The regimes, which are many, hardly ever tell apart what these do not.
        return hash((self.shape, self.axis, self.dtype, self.seed, self.epsilon))

    @property
    def n(self) -> int:
        """Number of features."""
        return self.shape[self.axis]

    @property
    def feature_axis(self) -> int:
        """The feature axis counted from 0."""
        return self.axis % len(self.shape)

    @property
    def batch_axis(self) -> int:
        """The first axis that is not the features'."""
        return 0 if self.feature_axis else 1

    @property
    def around(self) -> tuple[int, ...]:
        """Every axis but the features', over which statistics are taken."""
        return tuple(k for k in range(len(self.shape)) if k != self.feature_axis)

    @property
    def before(self) -> int:
        """Product of the extents before the feature axis."""
        return math.prod(self.shape[: self.feature_axis])

    @property
    def after(self) -> int:
        """Product of the extents behind the feature axis."""
        return math.prod(self.shape[self.feature_axis + 1 :])

    @property
    def count(self) -> int:
        """N, the number of values per feature."""
        return self.before * self.after

    def config(self, *, scale: bool = True, center: bool = True) -> LayerConfig:
        """The layer this case is an experiment on."""
        return LayerConfig(self.shape, self.axis, self.dtype, self.epsilon, self.momentum, scale, center)

    def with_shape(self, shape: tuple[int, ...], axis: int) -> Case:
        """The same features, the same way, in another shape with as many of them."""
        return replace(self, shape=shape, axis=axis)

    def only(self, kept: tuple[int, ...]) -> Case:
        """The case with those features alone, their numbers unchanged."""
        axis = self.feature_axis
        shape = (*self.shape[:axis], len(kept), *self.shape[axis + 1 :])
        return replace(self, shape=shape, features=tuple(self.features[k] for k in kept))

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(data: bytes | str) -> Case:
        """:raises msgspec.ValidationError: not a case; the message says where and what was expected."""
        return msgspec.json.decode(data, type=Case)
