"""The plain batch norm in its forms, for exhibits to vary: with a mask, with two calls outstanding, frozen, saved
and restored, over replicas, and compiled.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import FROZEN, Array, Gradients, LayerConfig
from conformance.protocol.codec import numpy_dtype


class MaskedBatchNorm(BatchNorm):
    """Sums and counts leave out what does not count.

    :ivar counts: where values count, as (batch, space); None for everywhere.
    """

    capabilities = replace(BatchNorm.capabilities, mask=True)
    counts: Array | None = None

    def forward(self, x: Array, *, training: bool, mask: Array | None = None) -> Array:
        self.counts = None if mask is None else mask.reshape(mask.shape[0], -1)
        return super().forward(x, training=training)

    def number(self, a: Array) -> int:
        """How many values of each feature count."""
        return a[0].size if self.counts is None else int(self.counts.sum())

    def total(self, a: Array) -> Array:
        return super().total(a if self.counts is None else np.where(self.counts, a, 0))

    def average(self, a: Array) -> Array:
        return self.total(a) / self.number(a)

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if not call.training:
            return call.gamma * inverse * dy
        count = self.number(dy)
        return call.gamma * inverse * (dy - dbeta / count - xhat * (dgamma / count))


class OutstandingBatchNorm(BatchNorm):
    """Gives the gradients of the call before the last as well.

    :ivar earlier: what that call left, and the shape of its x.
    """

    capabilities = replace(BatchNorm.capabilities, outstanding=True)
    earlier: tuple[Call | None, tuple[int, ...]] = None, ()

    def forward(self, x: Array, *, training: bool) -> Array:
        before = self.call, self.shape
        y = super().forward(x, training=training)
        self.earlier = before
        return y

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        if not back:
            return super().backward(dy)
        last = self.call, self.shape
        self.call, self.shape = self.earlier
        try:
            return super().backward(dy)
        finally:
            self.call, self.shape = last


class FreezingBatchNorm(BatchNorm):
    """Freezes what it is told to."""

    capabilities = replace(BatchNorm.capabilities, frozen=FROZEN)

    def create(self) -> dict[str, Array]:
        held = super().create()
        kept = self.config.tracks
        return {name: value for name, value in held.items() if kept or not name.startswith("running")}

    def by_batch(self, training: bool) -> bool:
        """Whether a call normalises by the batch."""
        return self.config.by_batch(training)

    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(x, training=self.by_batch(training))

    def update(self, mean: Array, var: Array, count: int) -> None:
        if self.config.tracks:
            super().update(mean, var, count)

    def backward(self, dy: Array) -> Gradients:
        found = super().backward(dy)
        return found if self.config.learns else Gradients(found.x)


class SavingBatchNorm(BatchNorm):
    """Saves what it holds, by name, and restores it."""

    capabilities = replace(BatchNorm.capabilities, saves=("arrays",), cumulative=True)
    batches = 0

    def moved(self, old: Array, new: Array) -> Array:
        if not self.config.cumulative:
            return super().moved(old, new)
        return old + (new - old) / self.wide.type(self.batches)

    def update(self, mean: Array, var: Array, count: int) -> None:
        self.batches += 1
        super().update(mean, var, count)

    def contents(self) -> dict[str, Array]:
        """What is saved, by name."""
        return {**self.held, "batches": np.array(self.batches)}

    def save(self, format: str) -> bytes:
        arrays = {name: (a.dtype.name, a.shape, a.tobytes()) for name, a in self.contents().items()}
        return msgspec.msgpack.encode(arrays)

    def restore(self, format: str, saved: bytes) -> None:
        found = msgspec.msgpack.decode(saved)
        self.take({name: np.frombuffer(a, numpy_dtype(d)).reshape(s) for name, (d, s, a) in found.items()})

    def take(self, contents: dict[str, Array]) -> None:
        """Go on from what was saved."""
        self.held |= {name: value.copy() for name, value in contents.items() if name in self.held}
        self.batches = int(contents.get("batches", 0))


class ReplicatedBatchNorm(BatchNorm):
    """Each replica adds up its part of the batch, and the sums are added up."""

    capabilities = replace(BatchNorm.capabilities, replicas=4, uneven=True)

    def parts(self, a: Array) -> list[Array]:
        """The parts of (n, batch, space), one for each replica."""
        return np.array_split(a, self.config.replicas, axis=1)

    def total(self, a: Array) -> Array:
        return sum(
            (super(ReplicatedBatchNorm, self).total(part) for part in self.parts(a)), np.zeros((), a.dtype)
        )

    def parameters(self) -> dict[str, Array]:
        """With the statistics of the other replicas."""
        shown = super().parameters()
        for k in range(1, self.config.replicas):
            shown |= {f"{name}@{k}": self.of_replica(name, k) for name in ("running_mean", "running_var")}
        return shown

    def of_replica(self, name: str, number: int) -> Array:
        """A running statistic as another replica than the first has it."""
        return self.native(name, self.held[name].copy())

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load({name: value for name, value in parameters.items() if "@" not in name})


class CompiledBatchNorm(BatchNorm):
    """``build`` makes the compiled layer, and of the class ``parent`` the eager one."""

    capabilities = replace(BatchNorm.capabilities, eager=True)
    parent: type[BatchNorm] = BatchNorm

    def build(self, config: LayerConfig) -> Any:
        return self.parent().build(config) if config.eager else super().build(config)
