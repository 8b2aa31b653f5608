"""The plain batch norm with an eye on its circumstances, for impostors that take two or three of them at once.

It notes how the arrays it is given lie in memory, what came before a call, and what is special about a shape. It is
right itself. An exhibit replaces one step and asks for its circumstances there.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, Gradients, LayerConfig

Pair = tuple[Array, Array]
Triple = tuple[Array, Array, Array]


@dataclass(frozen=True, slots=True)
class Memory:
    """How an array lies in memory.

    The stride of an axis of size 1 means nothing, so it does not count.

    :ivar contiguous: its elements follow each other in their own order.
    :ivar permuted: they follow each other in the order of other axes. :ivar strided: there are gaps between them.
    :ivar reversed: some axis runs backwards. :ivar repeated: some axis has a stride of 0.
    :ivar misaligned: an address is no multiple of what the dtype wants.
    :ivar offset: it begins later than the memory that it is a view of.
    :ivar read_only: it must not be written to, though every element has a place of its own.
    """

    contiguous: bool = True
    permuted: bool = False
    strided: bool = False
    reversed: bool = False
    repeated: bool = False
    misaligned: bool = False
    offset: bool = False
    read_only: bool = False

    @classmethod
    def of(cls, a: Array) -> Memory:
        axes = [(stride, extent) for stride, extent in zip(a.strides, a.shape, strict=True) if extent > 1]
        strides = [stride for stride, _ in axes] if a.size else []
        repeated, reversed_ = 0 in strides, any(stride < 0 for stride in strides)
        contiguous = not strides or strides == _dense(axes, a.itemsize)
        ordered = sorted(axes, reverse=True)
        dense = not strides or [stride for stride, _ in ordered] == _dense(ordered, a.itemsize)
        return cls(
            contiguous=contiguous,
            permuted=dense and not contiguous,
            strided=not (dense or repeated or reversed_),
            reversed=reversed_,
            repeated=repeated,
            misaligned=not a.flags.aligned,
            offset=bool(a.flags.aligned and a.size and _lowest(a) > _lowest(_whole(a))),
            read_only=not (a.flags.writeable or repeated),
        )


def _dense(axes: list[tuple[int, int]], itemsize: int) -> list[int]:
    """The strides of axes without gaps, the last one innermost."""
    return [itemsize * math.prod(extent for _, extent in axes[k + 1 :]) for k in range(len(axes))]


def _lowest(a: Array) -> int:
    back = sum((extent - 1) * stride for extent, stride in zip(a.shape, a.strides, strict=True) if stride < 0)
    return a.ctypes.data + back


def _whole(a: Array) -> Array:
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def in_memory_order(a: Array) -> Array:
    """The elements in the order in which they lie in memory, in the same shape."""
    upwards = a[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in a.strides)]
    return upwards.ravel(order="K").reshape(a.shape)


class Step(NamedTuple):
    """A call of the past: "training", "inference", "empty", "backward", "load" or "refused load"."""

    what: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """What came before a forward call.

    :ivar again: the call before had the same x. :ivar elsewhere: since the layer was built, another one was called on
        this shape.
    """

    steps: tuple[Step, ...] = ()
    again: bool = False
    elsewhere: bool = False

    def count(self, what: str) -> int:
        return sum(step.what == what for step in self.steps)

    @property
    def trained(self) -> int:
        return self.count("training")

    @property
    def inferred(self) -> int:
        return self.count("inference")

    @property
    def called(self) -> int:
        return self.trained + self.inferred

    @property
    def differentiated(self) -> int:
        return self.count("backward")

    @property
    def refused(self) -> int:
        return self.count("refused load")

    @property
    def empty(self) -> int:
        return self.count("empty")

    @property
    def reloaded(self) -> bool:
        """Whether it was loaded after it had been called."""
        steps = [step.what for step in self.steps]
        calls = [k for k, what in enumerate(steps) if what in ("training", "inference")]
        return bool(calls) and "load" in steps[calls[0] :]

    def of_another_shape(self, shape: tuple[int, ...]) -> bool:
        return any(step.what in ("training", "inference") and step.shape != shape for step in self.steps)


class Conjunction(BatchNorm):
    """:ivar before: what came before the last forward call.
    :ivar backwards: how many backward calls followed it so far. :ivar steps: everything so far.
    :ivar x_memory: how its x lay, and ``dy_memory`` the dy after it. :ivar loaded: how each parameter lay, by name.
    """

    kind = "conjunction"
    sound = False
    _clock: ClassVar[Iterator[int]] = itertools.count()
    #: By class and shape, the layer that was called last, by its birth, and when it was.
    _callers: ClassVar[dict[tuple[type, tuple[int, ...]], tuple[int, int]]] = {}

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.before = History()
        self.backwards = 0
        self.x_memory = self.dy_memory = Memory()
        self.loaded: dict[str, Memory] = {}
        self.steps: tuple[Step, ...] = ()
        self._latest: Array | None = None
        self._born = next(self._clock)
        self._elsewhere: frozenset[tuple[int, ...]] = frozenset()

    # -- what is noted

    def forward(self, x: Array, *, training: bool, mask: Array | None = None) -> Array:
        self.fold(x)  # which refuses what is not for this layer
        caller, when = self._callers.get((type(self), x.shape), (self._born, 0))
        if caller != self._born and when > self._born:
            self._elsewhere |= {x.shape}
        self._callers[type(self), x.shape] = self._born, next(self._clock)
        again = x.size > 0 and self._latest is not None and np.array_equal(self._latest, x, equal_nan=True)
        self.before = History(self.steps, again, x.shape in self._elsewhere)
        self.shape, self.backwards = x.shape, 0
        self.x_memory, self._latest = Memory.of(x), x.copy()
        what = ("training" if training else "inference") if x.size else "empty"
        self.steps += (Step(what, x.shape),)
        more: dict[str, Any] = {} if mask is None else {"mask": mask}
        return super().forward(self.read_x(x), training=training, **more)

    def backward(self, dy: Array) -> Gradients:
        self.dy_memory = Memory.of(dy)
        gradients = super().backward(self.read_dy(dy))
        self.backwards += 1
        self.steps += (Step("backward", dy.shape),)
        return gradients

    def read_x(self, x: Array) -> Array:
        """X as it is read from memory."""
        return x

    def read_dy(self, dy: Array) -> Array:
        """Dy as it is read from memory."""
        return dy

    def load(self, parameters: Mapping[str, Array]) -> None:
        try:
            super().load(parameters)
        except ValueError:
            self.steps += (Step("refused load"),)
            raise
        self.steps += (Step("load"),)
        self.loaded |= {name: Memory.of(value) for name, value in parameters.items()}

    # -- what there is to a shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def around(self) -> tuple[int, ...]:
        """The extents of the axes but the features', the batch first."""
        axis = self.axis % self.rank
        return self.shape[:axis] + self.shape[axis + 1 :]

    @property
    def batch(self) -> int:
        return self.around[0]

    @property
    def count(self) -> int:
        """N, the number of values per feature."""
        return math.prod(self.around)

    @property
    def features_first(self) -> bool:
        return self.axis % self.rank == 0

    @property
    def features_last(self) -> bool:
        """Behind some axis of space, and not merely behind the batch."""
        return self.rank > 2 and self.axis % self.rank == self.rank - 1

    @property
    def single(self) -> bool:
        """Whether an axis of space has size 1."""
        return 1 in self.around[1:]

    @property
    def square(self) -> bool:
        """Whether the batch is as large as there are features."""
        return self.batch == self.n > 1

    @property
    def built_around(self) -> tuple[int, ...]:
        axis, shape = self.config.feature_axis, self.config.input_shape
        return shape[:axis] + shape[axis + 1 :]

    @property
    def rebatched(self) -> bool:
        """Whether it was built for another batch size."""
        return self.built_around[0] != self.batch

    @property
    def resized(self) -> bool:
        """Whether it was built for other extents than the batch size."""
        return self.built_around[1:] != self.around[1:]

    # -- what there is to a layer

    @property
    def half(self) -> bool:
        return self.narrow.itemsize == 2

    def tail(self, group: int) -> slice:
        """The features behind the last whole group of so many; none where there is no whole group."""
        whole = self.n - self.n % group
        return slice(whole or self.n, self.n)

    def rows(self, a: Array) -> Array:
        """(n, batch, space) as (n, N), to be written to."""
        return a.reshape(self.n, -1)


class Cumulative(Conjunction):
    """It also offers a cumulative average: every batch counts alike."""

    capabilities = replace(BatchNorm.capabilities, cumulative=True)

    @property
    def number(self) -> int:
        """How many batches there are with this one."""
        return self.before.trained + 1

    def moved(self, old: Array, new: Array) -> Array:
        if not self.config.cumulative:
            return super().moved(old, new)
        return old + (new - old) / self.number
