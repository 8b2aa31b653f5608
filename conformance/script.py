"""Scripts and what comes of them: plain data, and at the same time the messages of the worker protocol.

A *script* is a sequence of calls on an implementation. An *observation* is the script with an answer to each
call. Neither holds anything but numbers, strings and arrays, so both can be sent, stored and replayed.
"""

from __future__ import annotations

import functools
import math
import sys
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
import numpy as np

from conformance.implementation import DTYPES, Capabilities, Idiom, LayerConfig

T = TypeVar("T")


class Message(msgspec.Struct, frozen=True, tag_field="op", omit_defaults=True):
    """Base of everything that crosses the wire."""


class Hello(Message, frozen=True, tag="hello", omit_defaults=False):
    """First message: the suite says which version of the protocol it speaks. Answered by :class:`Identity`, with the
    version the program speaks.
    """

    protocol: int = 1


class Build(Message, frozen=True, tag="build"):
    """Make a layer and keep it under the number ``layer``, in place of any that had it."""

    config: LayerConfig
    layer: int = 0
    may_raise: bool = False


class Load(Message, frozen=True, tag="load"):
    """Give a layer parameters, by canonical name."""

    parameters: dict[str, np.ndarray]
    layer: int = 0
    may_raise: bool = False


class Parameters(Message, frozen=True, tag="parameters"):
    """Ask for a layer's parameters in their native shapes. Answer: ``arrays`` by name."""

    layer: int = 0
    may_raise: bool = False


class Forward(Message, frozen=True, tag="forward"):
    """Apply a layer to x. Answer: ``arrays["y"]``. ``memory`` says how x lies in memory (see
    :mod:`conformance.memory`); a program in another process may ignore it. ``mask``, booleans shaped as x without its
    feature axis, is only sent to those that declare it.
    """

    x: np.ndarray
    training: bool
    layer: int = 0
    memory: str = "contiguous"
    may_raise: bool = False
    mask: np.ndarray | None = None


class Backward(Message, frozen=True, tag="backward"):
    """Gradients of the last forward call. Answer: ``arrays`` with ``x`` and, where they exist, ``gamma`` and
    ``beta``.
    """

    dy: np.ndarray
    layer: int = 0
    memory: str = "contiguous"
    may_raise: bool = False


class Descend(Message, frozen=True, tag="descend"):
    """Gradient descent on gamma and beta towards y = x. Never sent: the suite performs it by forward,
    backward and load. Answer: the ``gamma`` and ``beta`` arrived at, flat.
    """

    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    rate: float
    steps: int
    layer: int = 0
    may_raise: bool = False


class Transfer(Message, frozen=True, tag="transfer"):
    """Load one layer's parameters, as it gives them, into another. Never sent: the suite performs it by
    parameters and load.
    """

    source: int
    layer: int
    may_raise: bool = False


Request: TypeAlias = Hello | Build | Load | Parameters | Forward | Backward
Call: TypeAlias = Build | Load | Parameters | Forward | Backward | Descend | Transfer
Script: TypeAlias = tuple[Call, ...]


class Identity(Message, frozen=True, tag="identity"):
    """The worker's answer to :class:`Hello`."""

    name: str
    version: str
    capabilities: Capabilities
    protocol: int = 1
    idiom: Idiom | None = None


class Answer(Message, frozen=True, tag="answer", kw_only=True):
    """What a call returned.

    :ivar arrays: the arrays it gave, by name.
    :ivar modified: it changed the array it was given.
    :ivar warnings: what it warned of.
    :ivar seconds: time inside the implementation, for the profile; nothing is judged by it.
    """

    arrays: dict[str, np.ndarray] = {}
    modified: bool = False
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


class Raised(Message, frozen=True, tag="raised", kw_only=True):
    """The implementation raised an exception instead.

    :ivar kind: name of its type. :ivar text: its message. :ivar trace: the traceback, shortened.
    """

    kind: str
    text: str
    trace: str = ""
    seconds: float = 0.0


Reply: TypeAlias = Identity | Answer | Raised


class Lost(msgspec.Struct, frozen=True):
    """The worker did not live to answer: it died, or fell silent, or answered nonsense."""

    outcome: Literal["crash", "timeout", "error"]
    text: str


class Observation(msgspec.Struct, frozen=True):
    """A script and what came of it: an answer to each call, up to the one at which the worker was lost."""

    script: Script
    answers: tuple[Answer | Raised, ...]
    lost: Lost | None = None

    def unexpected(self) -> tuple[Call, Raised] | None:
        """The first call that raised though its script says it should not."""
        for call, answer in zip(self.script, self.answers, strict=False):
            if isinstance(answer, Raised) and not call.may_raise:
                return call, answer
        return None


# -- arrays on the wire: {"dtype": str, "shape": [int], "data": bytes}, C order, little endian

_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
#: What an array on the wire may hold: an implementation may keep a parameter, or return a y, of any of these.
WIRE_DTYPES = frozenset(("bool", *_INTEGERS, *DTYPES))


@functools.cache
def numpy_dtype(name: str) -> np.dtype[Any]:
    """The dtype of one of DTYPES and of the integer and boolean types a parameter may have.

    :raises ValueError: it is none of :data:`WIRE_DTYPES`.
    """
    if name not in WIRE_DTYPES:
        raise ValueError(f"unsupported dtype {name!r} on the wire")
    if name == "bfloat16":
        try:
            import ml_dtypes  # not needed by workers that never see a bfloat16
        except ModuleNotFoundError:
            advice = f"{sys.executable} -m pip install ml_dtypes"
            raise ValueError(f"bfloat16 needs the Python package ml_dtypes: {advice}") from None
        narrow: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return narrow
    return np.dtype(name)


@functools.cache
def wire_name(dtype: np.dtype[Any]) -> str | None:
    """The name under which arrays of ``dtype`` travel, or None if they cannot."""
    return dtype.name if dtype.name in WIRE_DTYPES else None


def _pack(value: object) -> object:
    if isinstance(value, np.ndarray):
        if not value.dtype.isnative or sys.byteorder != "little":
            value = value.astype(value.dtype.newbyteorder("<"))
        name = wire_name(value.dtype)
        if name is None:
            raise ValueError(f"cannot send an array of dtype {value.dtype}")
        return {"dtype": name, "shape": value.shape, "data": value.tobytes()}
    raise TypeError(f"cannot send a {type(value).__name__}")


def _unpack(kind: type, value: Any) -> object:
    """:raises ValueError: not an array. Nothing is allocated on the word of ``shape``."""
    if kind is not np.ndarray:
        raise NotImplementedError(f"cannot receive a {kind.__name__}")
    try:
        name, shape, data = value["dtype"], value["shape"], value["data"]
        if type(name) is not str or type(data) is not bytes or type(shape) is not list:
            raise TypeError("dtype must be a string, shape a list and data bytes")
        if any(type(extent) is not int or extent < 0 for extent in shape):
            raise ValueError(f"shape must be a list of integers, none negative; it is {shape}"[:200])
        dtype, size = numpy_dtype(name), math.prod(shape)
        if size * dtype.itemsize != len(data):
            raise ValueError(f"{name} of shape {shape} and {len(data)} bytes of data do not fit"[:200])
        return np.frombuffer(data, dtype).reshape(shape)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"not an array {{dtype, shape, data}}: {what}") from None


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack)
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request, dec_hook=_unpack)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply, dec_hook=_unpack)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode_request(data: bytes | memoryview) -> Request:
    """:raises msgspec.DecodeError: ``data`` is not a request."""
    return _decoded(_requests, data)


def decode_reply(data: bytes | memoryview) -> Reply:
    """:raises msgspec.DecodeError: ``data`` is not a reply."""
    return _decoded(_replies, data)


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes | memoryview) -> T:
    try:
        return decoder.decode(data)
    except RecursionError:
        raise msgspec.DecodeError("the message is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"the message holds text that is not UTF-8: {error}"[:200]) from None
