"""Bytes from a stranger: decoders and framing refuse them with the exceptions they document, and take no more memory
than the bytes they were given warrant.

Hypothesis draws seeds, from each of which a hundred inputs follow. FUZZ says how many inputs each test gets:

    FUZZ=100000 python -m pytest tests/worker/test_fuzz.py
"""

from __future__ import annotations

import io
import os
import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.implementation import Capabilities, LayerConfig
from conformance.protocol.codec import WIRE_DTYPES, decode_reply, decode_request, encode, numpy_dtype
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Forward,
    Hello,
    Identity,
    Load,
    Message,
    Parameters,
    Raised,
)
from conformance.worker import framing
from conformance.worker.framing import Frames, FramingError

FUZZ = int(os.environ.get("FUZZ", "1000"))
_EACH = 100  # inputs for a seed
fuzzed = settings(max_examples=max(1, FUZZ // _EACH), database=None)
SEEDS = st.integers(0, (1 << 64) - 1).map(random.Random)

Decode = Callable[[bytes], Any]

#: What may be taken for each byte of input, and besides: a small array is a hundred times its bytes.
PER_BYTE, BESIDES = 500, 1 << 18

_ARRAYS = {name: np.arange(6).reshape(2, 3).astype(numpy_dtype(name)) for name in sorted(WIRE_DTYPES)}
MESSAGES: tuple[Message, ...] = (
    Hello(),
    Build(LayerConfig((4, 3, 2), -2, "float16", 1e-3, 0.5, False, True), layer=3),
    Load({"gamma": _ARRAYS["float64"], "beta": np.zeros(0, np.float32)}, may_raise=True),
    Parameters(layer=1 << 40),
    Forward(_ARRAYS["float32"], True, memory="strided"),
    Backward(_ARRAYS["bfloat16"], layer=1),
    Identity(
        "a framework",
        "1.0",
        Capabilities(("float32", "bfloat16"), (2, 3), (1, -1), names=(("gamma", "scale"),)),
    ),
    Answer(arrays=_ARRAYS, warnings=("one", "two"), seconds=0.25),
    Answer(arrays={"y": _ARRAYS["float32"]}, modified=True),
    Raised(kind="ValueError", text="gamma must be an n-vector", trace="here\nand there", seconds=1.5),
)
CORPUS = tuple(map(encode, MESSAGES))

#: First bytes of MessagePack values that announce how long they are, and what they may announce.
_HEADS = [bytes([first]) for first in (*range(0xC4, 0xCA), *range(0xD9, 0xE0))]
_LENGTHS = [b"\x00", b"\xff", b"\xff\xff", b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\x00\x00\xff\xff"]
_ATOMS: list[Any] = [
    *(0, -1, 1 << 31, 1 << 32, (1 << 64) - 1, -(1 << 63), 0.5, float("nan"), float("inf"), True, None),
    *("", "op", "float32", "object", "float33", "forward", "answer", "\x00\u202e", b"", b"\x00" * 24),
    *([], {}, [1], [2, 3], [-2, 3], [1 << 62, 4]),
]


def blob(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(200))


def spoilt(chance: random.Random) -> bytes:
    """A real message with bytes changed, cut out, put in, repeated, and lengths that are not true."""
    data = chance.choice(CORPUS)
    for _ in range(chance.randint(1, 4)):
        at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randrange(6):
            case 0:
                data = data[:at] + chance.randbytes(1) + data[at + 1 :]
            case 1:
                data = data[:at] + data[min(to, at + 8) :]
            case 2:
                data = data[:at] + chance.randbytes(chance.randrange(9)) + data[at:]
            case 3:
                data = data[:to] + data[at:to] * chance.randint(1, 3) + data[to:]
            case 4:
                data = data[:at] + chance.choice(_HEADS) + chance.choice(_LENGTHS) + data[at:]
            case 5:
                data = data[: max(at, 1)]
    return data


def exchanged(chance: random.Random) -> bytes:
    """A real message with another value somewhere, or one field more or less."""
    message = msgspec.msgpack.decode(chance.choice(CORPUS))
    place: Any = message
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chance.choice(keys)
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and chance.random() < 0.7:
            place = inner
            continue
        if chance.random() < 0.2:
            del place[key]
        else:
            place[key] = chance.choice(_ATOMS)
        if isinstance(place, dict) and chance.random() < 0.1:
            place[chance.choice(["op", "layer", "seconds", "shape", "since"])] = chance.choice(_ATOMS)
        return msgspec.msgpack.encode(message)


def nested(chance: random.Random) -> bytes:
    """Lists or maps in each other, deeper than any stack."""
    opening = chance.choice([b"\x91", b"\x81\xa1x", b"\x81\xa6arrays", b"\xdd\x00\x00\x00\x01"])
    answer, build = b"\x82\xa2op\xa6answer\xa6arrays", b"\x82\xa2op\xa5build\xa6config"
    return (
        chance.choice([b"", b"\x81\xa2op", answer, build])
        + opening * chance.randint(1, 3000)
        + chance.randbytes(2)
    )


@contextmanager
def frugal(size: int) -> Iterator[None]:
    """Fails if more memory is taken than ``size`` bytes of input warrant."""
    tracemalloc.start(1)
    try:
        yield
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken <= BESIDES + PER_BYTE * size, f"{taken} bytes were taken for {size} bytes of input"


@pytest.mark.parametrize("decode", [decode_request, decode_reply])
@pytest.mark.parametrize("made", [blob, spoilt, exchanged, nested])
@fuzzed
@given(chance=SEEDS)
def test_decoder_gives_a_message_or_says_why_not(
    decode: Decode, made: Callable[[random.Random], bytes], chance: random.Random
) -> None:
    """By msgspec.DecodeError, and no other exception."""
    for _ in range(_EACH):
        data = made(chance)
        with frugal(len(data)):
            try:
                message = decode(data)
            except msgspec.DecodeError as error:
                message = None
                assert 0 < len(str(error)) < 1000, data
        if message is not None:
            usable(message)
            assert encode(decode(encode(message))) == encode(message)


def usable(message: Message) -> None:
    """What was let in can be computed with: its arrays are arrays of numbers."""
    for name in message.__struct_fields__:
        value = getattr(message, name)
        for each in value.values() if isinstance(value, dict) else [value]:
            if isinstance(each, np.ndarray):
                assert each.dtype.name in WIRE_DTYPES
                with np.errstate(all="ignore"):
                    each.astype(np.float64).sum()


def test_most_of_what_is_spoilt_is_refused_but_not_all() -> None:
    """Inputs that are all refused at the first byte would prove little."""
    chance, seen = random.Random(0), {"taken": 0, "refused": 0}
    for _ in range(1000):
        try:
            decode_reply(chance.choice([spoilt, exchanged])(chance))
            seen["taken"] += 1
        except msgspec.DecodeError:
            seen["refused"] += 1
    assert min(seen.values()) > 20, seen


@fuzzed
@given(chance=SEEDS)
def test_both_readers_of_a_stream_make_the_same_of_it(chance: random.Random) -> None:
    """Whatever it holds, and in whatever pieces it comes."""
    for _ in range(_EACH):
        stream = b"".join(
            framing.frame(blob(chance)[: chance.randrange(60)]) for _ in range(chance.randrange(5))
        )
        if chance.random() < 0.6:
            stream += blob(chance)
        with frugal(len(stream)):
            whole, refused = read_whole(stream)
            pieces, refused_too = read_in_pieces(stream, chance.randint(1, 64))
        assert pieces == whole
        assert refused_too in (refused, "")
        assert bool(refused) or b"".join(map(framing.frame, whole)) == stream


def read_whole(stream: bytes) -> tuple[list[bytes], str]:
    """The messages, and why there are no more."""
    source, found = io.BytesIO(stream), []
    try:
        while (message := framing.read(source)) is not None:
            found.append(message)
    except FramingError as error:
        return found, str(error)
    return found, ""


def read_in_pieces(stream: bytes, size: int) -> tuple[list[bytes], str]:
    """An end in the middle of a message is none here: more might come."""
    frames, found = Frames(), []
    try:
        for start in range(0, len(stream), size):
            frames.feed(stream[start : start + size])
            while (message := frames.next()) is not None:
                found.append(message)
    except FramingError as error:
        return found, str(error)
    return found, ""
