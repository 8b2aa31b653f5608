"""What a named deviation is: the definition, with some of its parts replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Parts = dict[str, Callable[..., Any]]


@dataclass(frozen=True)
class Deviation:
    """:ivar words: completes "it computes batch norm ..."."""

    key: str
    words: str
    parts: Parts = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.key)

    def with_(self, other: Deviation) -> Deviation | None:
        """Both at once, if they replace different parts."""
        if self.parts.keys() & other.parts.keys():
            return None
        return Deviation(
            f"{self.key}+{other.key}", f"{self.words}, and {other.words}", self.parts | other.parts
        )
