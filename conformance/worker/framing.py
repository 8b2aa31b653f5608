"""Messages on a byte stream: a four-byte little-endian length, then that many bytes."""

from __future__ import annotations

from typing import BinaryIO

#: A longer message is nonsense. The limit lies below every length whose last byte is a printable character
#: or white space, so that text on the stream is recognised at once: 144 MiB, a batch of 2^24 in float64.
MOST_BYTES = 0x0900_0000 - 1

_CHUNK = 1 << 20


class FramingError(Exception):
    """The stream holds something that is not a whole message, or a message is too long for one."""


def frame(payload: bytes) -> bytes:
    """:raises FramingError: it is longer than MOST_BYTES."""
    if len(payload) > MOST_BYTES:
        raise FramingError(f"a message of {len(payload)} bytes is more than the {MOST_BYTES} allowed")
    return len(payload).to_bytes(4, "little") + payload


def write(stream: BinaryIO, payload: bytes) -> None:
    """:raises FramingError: it is longer than MOST_BYTES; nothing is written."""
    stream.write(frame(payload))
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
    length = _length(header)
    payload = _exactly(stream, length)
    if len(payload) < length:
        raise FramingError(f"the stream ended after {len(payload)} of a message's {length} bytes")
    return payload


class Frames:
    """The same for bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._held = bytearray()

    def __len__(self) -> int:
        """How many bytes are held that :meth:`next` has not returned."""
        return len(self._held)

    def feed(self, data: bytes) -> None:
        self._held += data

    def drop(self) -> int:
        """Forget what is held. How many bytes that was."""
        count = len(self._held)
        self._held.clear()
        return count

    def next(self) -> bytes | None:
        """The next message, or None if it has not come in whole.

        :raises FramingError: a message longer than MOST_BYTES is announced.
        """
        held = self._held
        if len(held) < 4:
            return None
        end = 4 + _length(bytes(held[:4]))
        if len(held) < end:
            return None
        with memoryview(held) as view:
            payload = bytes(view[4:end])
        del held[:end]
        return payload


def _length(header: bytes) -> int:
    length = int.from_bytes(header, "little")
    if length > MOST_BYTES:
        raise FramingError(
            f"a message announces {length} bytes, more than the {MOST_BYTES} allowed "
            f"(it begins with {header!r}: is something else printing to standard output?)"
        )
    return length


def _exactly(stream: BinaryIO, count: int) -> bytes:
    """``count`` bytes, or fewer at the end of the stream. Memory is taken for what comes, not what is said to."""
    parts = []
    while count:
        part = stream.read(min(count, _CHUNK))
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
