"""Messages and arrays as bytes: MessagePack, and an array as ``{"dtype": str, "shape": [int], "data": bytes}``, in C
order, little endian.
"""

from __future__ import annotations

import functools
import math
import sys
from typing import Any, TypeVar

import msgspec
import numpy as np

from conformance.implementation import DTYPES
from conformance.protocol.messages import Labelled, Message, Reply, Request

T = TypeVar("T")
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
    """The message as it crosses the wire: without its label."""
    return _encoder.encode(_unlabelled(message))


def decode_request(data: bytes | memoryview) -> Request:
    """:raises msgspec.DecodeError: ``data`` is not a request."""
    return _unlabelled(_decoded(_requests, data))


def decode_reply(data: bytes | memoryview) -> Reply:
    """:raises msgspec.DecodeError: ``data`` is not a reply."""
    return _decoded(_replies, data)


def _unlabelled(message: T) -> T:
    if isinstance(message, Labelled) and message.label:
        return msgspec.structs.replace(message, label="")
    return message


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes | memoryview) -> T:
    try:
        return decoder.decode(data)
    except RecursionError:
        raise msgspec.DecodeError("the message is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"the message holds text that is not UTF-8: {error}"[:200]) from None
