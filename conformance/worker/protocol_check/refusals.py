"""What a program should refuse, and live on."""

from __future__ import annotations

from typing import Any

from conformance.protocol.messages import Answer, Raised
from conformance.worker.protocol_check.check import BUILT, Checks, like, lives
from conformance.worker.protocol_check.talk import BuiltLayer, Said, Talk, Wrong, plain

CHECKS = Checks()
_NESTED = 20_000


@CHECKS.add(
    "unknown-op",
    "An op that it does not know is answered with raised, and the program lives on.",
    "Answer {op: 'raised', kind, text}: later versions of the suite may ask for more.",
)
def _unknown_op(talk: Talk) -> None:
    _refused(talk, {"an op that there is not": {"op": "no-such-op", "layer": 0}})


@CHECKS.add(
    "unknown-layer",
    "A call on a layer that was never built is answered with raised.",
    "Look the number up before use.",
)
def _unknown_layer(talk: Talk) -> None:
    forward = BuiltLayer.of(talk.capabilities, 3).forward(number=12345)
    _refused(talk, {"forward on a layer never built": forward})


@CHECKS.add(
    "malformed",
    "What is not MessagePack, or no map with an op, is answered with raised, and the program lives on.",
    "Catch what your decoder raises, and check every length against the bytes there are before allocating.",
)
def _malformed(talk: Talk) -> None:
    announced = {f"a {what} of 2^32 - 1": head + b"\xff" * 4 for what, head in _HEADS.items()}
    bad: dict[str, Said] = {
        "no byte at all": b"",
        "the byte 0xc1": b"\xc1",
        "a map that ends early": b"\x82\xa2op",
        "a number": b"\x07",
        "a list": b"\x91\xa5hello",
        "an empty map": b"\x80",
        "an op that is a number": {"op": 7},
        "text that is no UTF-8": b"\x81\xa2op\xa2\xff\xfe",
        "a message with another behind it": b"\x81\xa2op\xa5hello\x80",
        "lists in lists, very deep": b"\x91" * _NESTED + b"\xc0",
        "very deep lists in an unknown field": b"\x82\xa2op\xa3foo\xa1x" + b"\x91" * _NESTED + b"\xc0",
        **announced,
    }
    _refused(talk, bad)


_HEADS = {"list": b"\xdd", "map": b"\xdf", "text": b"\xdb", "bin": b"\xc6"}


@CHECKS.add(
    "wrong-array",
    "An array whose data do not fit its shape and dtype is answered with raised, and the program lives on.",
    "Check that dtype is known, that no extent is negative, and that their product times the size of one element is "
    "the length of data, without overflow, before allocating anything.",
    BUILT,
)
def _wrong_array(talk: Talk) -> None:
    setting = talk.layer(3)
    forward = plain(setting.forward())
    x = forward["x"]
    spoilt: dict[str, dict[str, Any]] = {
        "data that are too short": {"data": x["data"][:-1]},
        "data that are too long": {"data": x["data"] + b"\0" * 8},
        "no data": {"data": b""},
        "a negative extent": {"shape": [-each for each in x["shape"]]},
        "huge extents": {"shape": [1 << 40, *x["shape"][1:]]},
        "extents whose product is 0 modulo 2^64": {"shape": [1 << 32, 1 << 32], "data": b""},
        "fractional extents": {"shape": [each + 0.5 for each in x["shape"]]},
        "a shape that is text": {"shape": "4, 3"},
        "a dtype that there is not": {"dtype": "float33"},
        "a dtype that is a number": {"dtype": 32},
        "data that are text": {"data": "0" * len(x["data"])},
    }
    bad: dict[str, Said] = {what: forward | {"x": x | change} for what, change in spoilt.items()}
    bad["an array that is a number"] = forward | {"x": 1.0}
    bad["a forward without x"] = {"op": "forward", "training": True}
    _refused(talk, bad)
    (found,) = talk.answers(setting.forward())
    like(found, "y", setting.x())


def _refused(talk: Talk, bad: dict[str, Said]) -> None:
    """Each is answered with raised, and hello after it with the identity."""
    for what, said in bad.items():
        try:
            (reply,) = talk.say(said)
        except Wrong as error:
            raise Wrong(f"{what}: {error}") from None
        if isinstance(reply, Answer):
            raise Wrong(f"{what} was answered as if nothing were wrong with it")
        if not isinstance(reply, Raised):
            raise Wrong(f"{what} was answered with the identity")
        lives(talk, what)
