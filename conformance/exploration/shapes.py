"""The shapes of x that are tried: rank, feature axis, and where an axis has size 1, since these act together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """A shape but for its size.

    :ivar name: as people write it.
    :ivar axis: of the features.
    :ivar others: the other extents, of about N values for each of n features; 1 only where the name says so.
    :ivar exact: whether they are exactly N.
    """

    name: str
    axis: int
    others: Callable[[int, int], Sequence[int]]
    exact: bool = False

    @property
    def rank(self) -> int:
        return len(self.others(12, 3)) + 1

    def shape(self, count: int, features: int) -> tuple[int, ...]:
        """The shape for N values of each of n features."""
        extents = [max(1, each) for each in self.others(count, features)]
        extents.insert(self.axis % (len(extents) + 1), features)
        return tuple(extents)

    @property
    def groups(self) -> tuple[str, ...]:
        """What can be said of it that holds for others too."""
        axis = self.axis % self.rank
        plain, wider = self.others(12, 3), self.others(24, 5)
        found = [f"x has rank {self.rank}"]
        place = "last" if axis == self.rank - 1 else "first" if axis == 0 else "second"
        found.append("the feature axis is negative" if self.axis < 0 else "the feature axis is not negative")
        found.append(f"the features are {place}")
        if self.rank > 2:
            found.append("x has rank 3 or more")
        if self.rank > 3:
            found.append("x has rank 4 or more")
        ones = [k for k, (a, b) in enumerate(zip(plain, wider, strict=True)) if a == b == 1]
        if ones:
            found.append("an axis has size 1")
            if any(ones):
                found.append("an axis behind the batch has size 1")
        if 0 in ones and axis != 0:
            found.append("the batch is one sample")
        if any(a == 3 and b == 5 for a, b in zip(plain, wider, strict=True)):
            found.append("an axis is as long as there are features")
        return tuple(found)


FORMS: tuple[Form, ...] = (
    Form("(N, n)", 1, lambda m, n: [m], exact=True),
    Form("(N, n), axis -1", -1, lambda m, n: [m], exact=True),
    Form("(n, N)", 0, lambda m, n: [m], exact=True),
    Form("(n, n)", 1, lambda m, n: [n]),
    Form("(batch, n, 3)", 1, lambda m, n: [max(2, m // 3), 3]),
    Form("(batch, 3, n)", -1, lambda m, n: [max(2, m // 3), 3]),
    Form("(batch, n, n)", 1, lambda m, n: [max(2, m // 3), n]),
    Form("(1, n, N)", 1, lambda m, n: [1, m], exact=True),
    Form("(N, n, 1)", 1, lambda m, n: [m, 1], exact=True),
    Form("(n, batch, 3)", 0, lambda m, n: [max(2, m // 3), 3]),
    Form("(batch, n, 2, 3)", 1, lambda m, n: [max(2, m // 6), 2, 3]),
    Form("(batch, n, 1, 4)", 1, lambda m, n: [max(2, m // 4), 1, 4]),
    Form("(batch, n, 4, 1)", 1, lambda m, n: [max(2, m // 4), 4, 1]),
    Form("(N, n, 1, 1)", 1, lambda m, n: [m, 1, 1], exact=True),
    Form("(1, n, height, 3)", 1, lambda m, n: [1, max(2, m // 3), 3]),
    Form("(1, n, height, 1)", 1, lambda m, n: [1, m, 1], exact=True),
    Form("(batch, n, 2, n)", 1, lambda m, n: [max(2, m // 6), 2, n]),
    Form("(batch, 2, 3, n)", -1, lambda m, n: [max(2, m // 6), 2, 3]),
    Form("(batch, 1, 4, n)", 3, lambda m, n: [max(2, m // 4), 1, 4]),
    Form("(1, height, 3, n)", 3, lambda m, n: [1, max(2, m // 3), 3]),
    Form("(n, batch, 2, 3)", 0, lambda m, n: [max(2, m // 6), 2, 3]),
    Form("(batch, 2, n, 3)", 2, lambda m, n: [max(2, m // 6), 2, 3]),
    Form("(batch, n, 2, 2, 2)", 1, lambda m, n: [max(2, m // 8), 2, 2, 2]),
    Form("(batch, n, 2, 2, 1), axis -4", -4, lambda m, n: [max(2, m // 4), 2, 2, 1]),
    Form("(batch, 2, 2, 2, n)", -1, lambda m, n: [max(2, m // 8), 2, 2, 2]),
)
