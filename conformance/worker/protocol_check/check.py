"""What a check is, and what checks have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from conformance.protocol.messages import Hello, Identity
from conformance.worker.protocol_check.talk import Arrays, Talk, Wrong


class Unasked(Exception):
    """A check does not apply; the message says why."""


Look: TypeAlias = Callable[[Talk], None]


class Check(msgspec.Struct, frozen=True):
    """:ivar look: raises :class:`Wrong` or :class:`Unasked`, or returns.

    :ivar needs: checks without which this one would only fail as well.
    """

    name: str
    statement: str
    advice: str
    look: Look
    needs: tuple[str, ...]


#: What nearly every check needs, and those that build a layer.
INTRODUCED = ("identity", "capabilities")
BUILT = (*INTRODUCED, "build", "load")


class Checks(list[Check]):
    """Checks in the order in which they are made."""

    def add(
        self, name: str, statement: str, advice: str, needs: tuple[str, ...] = INTRODUCED
    ) -> Callable[[Look], Look]:
        """Decorator: the function is how a check looks."""

        def take(look: Look) -> Look:
            self.append(Check(name, statement, advice, look, needs))
            return look

        return take


def like(arrays: Arrays, name: str, x: np.ndarray) -> None:
    if name not in arrays:
        raise Wrong(f"there is no {name} in the answer; there is {', '.join(arrays)[:80] or 'nothing'}")
    got = arrays[name]
    if (got.shape, got.dtype) != (x.shape, x.dtype):
        raise Wrong(f"{name} is {got.dtype} of shape {got.shape}; expected {x.dtype} of shape {x.shape}")


def output(arrays: Arrays) -> np.ndarray:
    if "y" not in arrays:
        raise Wrong(f"there is no y in the answer; there is {', '.join(arrays)[:80] or 'nothing'}")
    return arrays["y"].astype(np.float64)


def lives(talk: Talk, after: str) -> None:
    try:
        (reply,) = talk.say(Hello())
    except Wrong as error:
        raise Wrong(f"after {after}: {error}") from None
    if not isinstance(reply, Identity):
        raise Wrong(f"after {after} it no longer answers hello with its identity")
    only(talk)


def only(talk: Talk) -> None:
    if not talk.silent():
        raise Wrong("it said more than it was asked for")
