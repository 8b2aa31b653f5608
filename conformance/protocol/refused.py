"""Which layouts of arrays in memory a layer refuses, by the call that it is asked to make."""

from __future__ import annotations

from typing import NamedTuple

from conformance.protocol.layouts import order_of
from conformance.protocol.messages import Backward, Call, Forward, Load, Request


class Refused(NamedTuple):
    """:ivar call: load, training, inference or backward. :ivar rank: of the array.
    :ivar layout: its name; that of any order of the axes is "permuted".
    """

    call: str
    rank: int
    layout: str


def refusing(call: Call | Request) -> Refused | None:
    """What a call would be refused as; None for one that takes no array."""
    match call:
        case Load():
            kind, rank = "load", 1
        case Forward():
            kind, rank = ("training" if call.training else "inference"), call.x.ndim
        case Backward():
            kind, rank = "backward", call.dy.ndim
        case _:
            return None
    return Refused(kind, rank, "permuted" if order_of(call.memory) is not None else call.memory)
