"""What was computed lately, kept while it is likely to be asked for again.

Implementations judged side by side are given the same cases, so that arrays and exact results need not be made
for each of them anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The values asked for last, as many as have ``most`` array elements between them, but always the last.

    :param most: bounds the memory taken, and not the number of values.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        #: Array elements kept.
        self.size = 0
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, size: int, compute: Callable[[], T]) -> T:
        """The value kept under ``key``, or else ``compute()``, which has ``size`` elements."""
        if (found := self._values.get(key)) is not None:
            self._values.move_to_end(key)
            return found[0]
        value = compute()
        self._values[key] = value, size
        self.size += size
        while self.size > self._most and len(self._values) > 1:
            _, (_, dropped) = self._values.popitem(last=False)
            self.size -= dropped
        return value
