"""What a stranger wrote or declares, made fit to be shown and believed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import msgspec

from conformance.implementation import COMPOSITIONS, DIFFERENTIABLE, DTYPES, FROZEN, Capabilities, Idiom
from conformance.protocol.messages import Answer, Identity, Raised, Reply
from conformance.worker.shown import shortened, spelled

_PROTOCOL = 1
_RANKS = range(2, 6)  # those for which there are cases
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# /opt/venv/lib/python3.11/site-packages/torch/nn/functional.py is torch/nn/functional.py on every machine.
_PACKAGES = re.compile(r"""/[^\s"'<>:]{0,300}/(?:site|dist)-packages/""")
_MOST_TEXT = 8000
_MOST_NAMES = 16  # of warnings, of formats, and of a framework's own names of parameters
_MOST_FORMAT = 64  # characters in the name of one
# No count, seed or index is as large; from here on whole numbers make no floats, nor text.
_MOST_WHOLE = 1 << 64

T = TypeVar("T")


def harmless(value: T) -> T:
    """What a stranger's file holds, with every text in it spelled: those of classes, lists and maps, keys included.

    :raises ValueError: it has a whole number that nothing in a report or a case can be.
    """
    found: Any = value
    match found:
        case str() if type(found) is str:  # and no member of an enumeration, which is the suite's own
            found = spelled(found)
        case int() if not -_MOST_WHOLE < found < _MOST_WHOLE:
            raise ValueError("it has a whole number of more than 64 bits")
        case tuple() | list():
            parts = [harmless(each) for each in found]
            if any(new is not old for new, old in zip(parts, found, strict=True)):
                found = type(found)(parts)
        case dict():
            found = {harmless(key): harmless(each) for key, each in found.items()}
        case msgspec.Struct():
            changed = _changed(found, found.__struct_fields__)
            found = msgspec.structs.replace(found, **changed) if changed else found
        case _ if is_dataclass(found) and not isinstance(found, type):
            changed = _changed(found, [each.name for each in fields(found)])
            found = replace(found, **changed) if changed else found
    return cast(T, found)


def _changed(value: object, names: Iterable[str]) -> dict[str, Any]:
    pairs = ((name, getattr(value, name)) for name in names)
    return {name: new for name, old in pairs if (new := harmless(old)) is not old}


def readable(text: str) -> str:
    """What a stranger wrote, without colours, with control characters spelled out, without where this machine keeps
    its packages, and not too long.
    """
    text = _COLOURS.sub("", shortened(text, _MOST_TEXT).replace("\r\n", "\n"))
    if "-packages/" in text:
        text = _PACKAGES.sub("", text)
    return spelled(text)


def cleaned(reply: Reply) -> Reply:
    match reply:
        case Raised():
            texts = ("kind", "text", "trace", "expected", "found")
            return msgspec.structs.replace(reply, **{name: readable(getattr(reply, name)) for name in texts})
        case Identity():
            name, version, can = readable(reply.name), readable(reply.version), reply.capabilities
            if len(can.names) <= _MOST_NAMES:
                names = tuple((readable(one), readable(other)) for one, other in can.names)
                can = replace(can, names=names)
            idiom = None if reply.idiom is None else _readable_idiom(reply.idiom)
            return msgspec.structs.replace(reply, name=name, version=version, capabilities=can, idiom=idiom)
        case Answer():
            arrays = {readable(name): value for name, value in reply.arrays.items()}
            warnings = tuple(map(readable, reply.warnings[:_MOST_NAMES]))
            return msgspec.structs.replace(reply, arrays=arrays, warnings=warnings)
    return reply


def _readable_idiom(idiom: Idiom) -> Idiom:
    """Its pieces become scripts, which are shown before anybody runs them."""
    get, set_ = (
        tuple((readable(name), readable(piece)) for name, piece in pairs[:_MOST_NAMES])
        for pairs in (idiom.get, idiom.set)
    )
    setup, build, apply, differentiate = (
        readable(piece) for piece in (idiom.setup, idiom.build, idiom.apply, idiom.differentiate)
    )
    return Idiom(setup, build, apply, differentiate, get, set_)


def unsound(identity: Identity) -> str | None:
    """What is wrong with what an implementation declares."""
    can: Capabilities = identity.capabilities
    if identity.protocol != _PROTOCOL:
        return f"speaks version {identity.protocol} of the protocol; this suite speaks {_PROTOCOL}"
    strange = [name for name in can.dtypes if name not in DTYPES]
    if strange or not _some(can.dtypes):
        return f"capabilities.dtypes must be some of {', '.join(DTYPES)}; it is {_listed(can.dtypes)}"
    if not _some(can.ranks) or any(rank not in _RANKS for rank in can.ranks):
        return f"capabilities.ranks must be some of {', '.join(map(str, _RANKS))}; it is {_listed(can.ranks)}"
    if can.axes != "any" and (not _some(can.axes) or any(abs(axis) > _RANKS.stop for axis in can.axes)):
        return f"capabilities.axes must be 'any' or some feature axes; it is {_listed(can.axes)}"
    if isinstance(can.gradients, str) and not getattr(can, can.gradients):
        return f"capabilities.gradients is {can.gradients!r}, but capabilities.{can.gradients} is False"
    if not _some(can.gradients_of) or not set(can.gradients_of) <= set(DIFFERENTIABLE):
        return (
            f"capabilities.gradients_of must be some of {', '.join(DIFFERENTIABLE)}; "
            f"it is {_listed(can.gradients_of)}"
        )
    unknown = [each for each in can.derivatives if each not in COMPOSITIONS]
    if unknown:
        return (
            "capabilities.derivatives must be of forward and reverse, one to three joined by ' over '; "
            f"it is {_listed(can.derivatives)}"
        )
    if any(each not in FROZEN for each in can.frozen):
        return f"capabilities.frozen must be some of {', '.join(FROZEN)}; it is {_listed(can.frozen)}"
    if len(can.saves) > _MOST_NAMES or any(
        not 0 < len(each) <= _MOST_FORMAT or readable(each) != each for each in can.saves
    ):
        return f"capabilities.saves must be a few short names of formats; it is {_listed(can.saves)}"
    if can.epsilon is not None and not 0 <= can.epsilon < math.inf:
        return f"capabilities.epsilon must be finite and >= 0, or None; it is {can.epsilon}"
    if can.momentum is not None and not 0 <= can.momentum <= 1:
        return f"capabilities.momentum must lie between 0 and 1, or be None; it is {can.momentum}"
    if len(can.names) > _MOST_NAMES:
        return f"capabilities.names has {len(can.names)} pairs, more than the {_MOST_NAMES} allowed"
    for rank in can.ranks:
        if not any(can.takes_axis(axis, rank) for axis in range(rank)):
            return f"capabilities.axes has no axis of an input of rank {rank}; it is {can.axes}"
    return None


def _some(values: tuple[object, ...]) -> bool:
    """Whether there are any, each once."""
    return 0 < len(values) == len(set(values))


def _listed(values: tuple[object, ...]) -> str:
    text = readable(str(values[:8]))
    return text if len(values) <= 8 else f"{text[:-1]}, ...), {len(values)} in all"
