"""Messages on a byte stream: a four-byte little-endian length, then that many bytes."""

from __future__ import annotations

from typing import BinaryIO

#: A longer message is nonsense: no script of the suite needs as much.
MOST_BYTES = 1 << 30


class FramingError(Exception):
    """The stream holds something that is not a whole message."""


def write(stream: BinaryIO, payload: bytes) -> None:
    stream.write(len(payload).to_bytes(4, "little") + payload)
    stream.flush()


def read(stream: BinaryIO) -> bytes | None:
    """The next message, or None at the end of the stream.

    :raises FramingError: the stream ends inside a message, or announces one longer than MOST_BYTES.
    """
    header = _exactly(stream, 4)
    if not header:
        return None
    if len(header) < 4:
        raise FramingError(f"the stream ended after {len(header)} of the 4 bytes of a length")
    length = int.from_bytes(header, "little")
    if length > MOST_BYTES:
        raise FramingError(
            f"a message announces {length} bytes, more than the {MOST_BYTES} allowed "
            f"(it begins with {header!r}: is something else printing to standard output?)"
        )
    payload = _exactly(stream, length)
    if len(payload) < length:
        raise FramingError(f"the stream ended after {len(payload)} of a message's {length} bytes")
    return payload


def _exactly(stream: BinaryIO, count: int) -> bytes:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
