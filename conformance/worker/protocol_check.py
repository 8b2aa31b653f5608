"""Whether a program speaks the worker protocol: named checks, each of which says one thing to it and looks at what
comes back. What it computes is no matter here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from conformance.implementation import Capabilities
from conformance.script import Answer, Backward, Build, Forward, Hello, Identity, Load, Parameters, Raised
from conformance.worker.client import CannotStart
from conformance.worker.framing import frame
from conformance.worker.talk import Arrays, Said, Setting, Talk, Wrong, plain

_LARGE = 16 << 20  # bytes
_NESTED = 20_000


class Finding(msgspec.Struct, frozen=True):
    """What came of a check.

    :ivar statement: what should hold. :ivar message: what was found instead, or why it was not looked for.
    :ivar advice: what to do about it, where it does not hold.
    """

    name: str
    statement: str
    outcome: Literal["pass", "fail", "skip"]
    message: str = ""
    advice: str = ""


class Unasked(Exception):
    """A check does not apply; the message says why."""


Look: TypeAlias = Callable[[Talk], None]


class Check(msgspec.Struct, frozen=True):
    """:ivar look: raises :class:`Wrong` or :class:`Unasked`, or returns."""

    name: str
    statement: str
    advice: str
    look: Look


CHECKS: list[Check] = []


def check(name: str, statement: str, advice: str) -> Callable[[Look], Look]:
    def add(look: Look) -> Look:
        CHECKS.append(Check(name, statement, advice, look))
        return look

    return add


def examine(command: str, *, timeout: float = 10.0, start_timeout: float = 60.0) -> Iterator[Finding]:
    """Perform every check on a program, started anew after each that it fails.

    :param timeout: seconds for one reply, and to end. :param start_timeout: seconds for the first of a process.
    """
    talk: Talk | None = None
    introduced = True
    try:
        for each in CHECKS:
            if not introduced:
                yield Finding(each.name, each.statement, "skip", "it does not say what it is")
                continue
            try:
                if talk is None or talk.ended:
                    talk = Talk(command, timeout=timeout, start_timeout=start_timeout)
                _ = talk.identity
                each.look(talk)
                yield Finding(each.name, each.statement, "pass")
            except Unasked as why:
                yield Finding(each.name, each.statement, "skip", str(why))
            except (Wrong, CannotStart) as error:
                yield Finding(each.name, each.statement, "fail", str(error), each.advice)
                introduced = each.name not in ("identity", "capabilities")
                if talk is not None:
                    talk.close()
    finally:
        if talk is not None:
            talk.close()


# -- the introduction


@check(
    "identity",
    "hello is answered with an identity that has a name, a version and the protocol's version.",
    'Answer {op: "hello"} with {op: "identity", protocol: 1, name, version, capabilities}, and write nothing to '
    "standard output before.",
)
def _identity(talk: Talk) -> None:
    it = talk.identity
    if not it.name.strip() or not it.version.strip():
        raise Wrong(f"name and version must say something; they are {it.name!r} and {it.version!r}")


@check(
    "capabilities",
    "What it declares is sound: dtypes, ranks and axes that there are, and no field by a wrong name.",
    "docs/protocol.md lists the fields of capabilities; what is left out has its default.",
)
def _capabilities(talk: Talk) -> None:
    can = talk.capabilities
    if len(set(can.dtypes)) < len(can.dtypes) or len(set(can.ranks)) < len(can.ranks):
        raise Wrong(f"dtypes and ranks must name each once; they are {list(can.dtypes)} and {list(can.ranks)}")
    talk.send(frame(msgspec.msgpack.encode({"op": "hello", "protocol": 1})))
    declared = talk.hear_plain("hello").get("capabilities")
    known = Capabilities.__dataclass_fields__
    for name in declared if isinstance(declared, dict) else {}:
        near = difflib.get_close_matches(str(name), known, n=1)
        if name not in known and near:
            raise Wrong(f"capabilities has a field {str(name)[:40]!r}, which means nothing; is it {near[0]!r}?")


@check(
    "version",
    "Greeted in a version of the protocol that it does not know, it answers with the one it speaks.",
    "Do not refuse hello, whatever its protocol field says: the suite decides whether the versions go together.",
)
def _version(talk: Talk) -> None:
    (reply,) = talk.say({"op": "hello", "protocol": 1000})
    if not isinstance(reply, Identity) or reply.protocol != talk.identity.protocol:
        raise Wrong("greeted in version 1000 it did not answer with its identity as before")


# -- calls


@check("build", "build is answered with an answer.", "Answer build with {op: 'answer'}; arrays may be left out.")
def _build(talk: Talk) -> None:
    talk.answers(Build(Setting.of(talk.capabilities, 3).config))


@check(
    "load",
    "load takes an n-vector (n,) for every parameter the implementation has a use for.",
    "gamma and beta are given by those names; running_mean and running_var too, if inference is declared.",
)
def _load(talk: Talk) -> None:
    talk.layer(3)


@check(
    "parameters",
    "parameters gives back what was loaded: n values for gamma, beta and the statistics kept.",
    "Answer with arrays by canonical name: gamma, beta, running_mean, running_var.",
)
def _parameters(talk: Talk) -> None:
    can = talk.capabilities
    if not can.parameters:
        raise Unasked("it declares that it holds no parameters")
    setting = talk.layer(3)
    (held,) = talk.answers(Parameters())
    given = setting.parameters(can)
    expected = ["gamma", "beta", *(["running_mean", "running_var"] if can.running and can.inference else [])]
    for name in expected:
        if name not in held:
            raise Wrong(f"parameters has no {name}; it has {', '.join(held)[:80] or 'nothing'}")
        if held[name].size != 3:
            raise Wrong(f"{name} of a layer for 3 features has shape {held[name].shape}")
        if not np.array_equal(held[name].ravel(), given[name].astype(held[name].dtype)):
            raise Wrong(f"{name} is {held[name].ravel().tolist()} after {given[name].tolist()} was loaded")


@check(
    "forward",
    "forward gives a y of the shape and dtype of x, for every dtype and rank declared, in training and inference "
    "where declared.",
    'Answer with arrays {y: {dtype, shape, data}}; what is not supported, do not declare.',
)
def _forward(talk: Talk) -> None:
    can = talk.capabilities
    for dtype in can.dtypes:
        for rank in can.ranks:
            setting = talk.layer(3, rank=rank, dtype=dtype)
            for training in [mode for mode, able in ((True, can.training), (False, can.inference)) if able]:
                (found,) = talk.answers(Forward(setting.x(), training))
                _like(found, "y", setting.x())


@check(
    "backward",
    "backward gives the gradient of x in its shape, and n values for those of gamma and beta.",
    "Answer with arrays {x, gamma, beta}, or do not declare gradients.",
)
def _backward(talk: Talk) -> None:
    can = talk.capabilities
    if not can.gradients:
        raise Unasked("it declares no gradients")
    setting = talk.layer(3)
    _, found = talk.answers(setting.forward(), Backward(setting.x()))
    _like(found, "x", setting.x())
    for name in ("gamma", "beta"):
        if name in found and found[name].size != 3:
            raise Wrong(f"the gradient of {name} has shape {found[name].shape} for 3 features")


@check(
    "layers",
    "Layers are kept apart by their number, and build puts a new one in the place of an old one.",
    "Keep a map from layer to layer; the number is 0 where the field is left out.",
)
def _layers(talk: Talk) -> None:
    one, other = talk.layer(3), talk.layer(2, number=1)
    before, _ = talk.answers(one.forward(), other.forward(number=1))
    ones = {name: np.full_like(value, 7) for name, value in other.parameters(talk.capabilities).items()}
    after = talk.answers(Load(ones, layer=1), other.forward(number=1), one.forward())[2]
    if not np.array_equal(_y(before), _y(after), equal_nan=True):
        raise Wrong("y of layer 0 changed when parameters were loaded into layer 1")
    again = talk.layer(5)
    (rebuilt,) = talk.answers(again.forward())
    _like(rebuilt, "y", again.x())


@check(
    "order",
    "Every request gets one reply, in order, also when many are sent before the first is answered.",
    "Read a request, write its reply, flush, and go on. Never skip one, and never answer twice.",
)
def _order(talk: Talk) -> None:
    setting = talk.layer(3)
    extents = [2, 5, 3, 9, 4, 7, 6, 8]
    for extent, found in zip(
        extents, talk.answers(*(setting.forward(extent) for extent in extents)), strict=True
    ):
        _like(found, "y", setting.x(extent))
    _only(talk)


@check(
    "pieces",
    "A message may come in pieces of any size.",
    "A read from a pipe gives what is there: go on reading until the whole length has come.",
)
def _pieces(talk: Talk) -> None:
    talk.send(frame(msgspec.msgpack.encode(plain(Hello()))), pause=0.002)
    if not isinstance(talk.hear("hello, byte by byte"), Identity):
        raise Wrong("hello, byte by byte, was answered with something other than the identity")


@check(
    "unknown-fields",
    "Fields it does not know are ignored, as are memory and may_raise.",
    "Look fields up by name; refuse none for being there. Later versions of the suite may add some.",
)
def _unknown_fields(talk: Talk) -> None:
    setting = talk.layer(3)
    more = {"since_version": 9, "nested": {"a": [1, None, True, 2.5, b"\x00"]}}
    build = plain(Build(setting.config))
    build["config"] |= more
    forward = plain(setting.forward()) | {"memory": "fortran", "may_raise": True} | more
    load = plain(Load(setting.parameters(talk.capabilities))) | more
    _like(talk.answers(build | more, load, forward)[2], "y", setting.x())


@check(
    "large",
    "A message of 16 MiB is answered.",
    "Lengths are of 32 bits and unsigned; the longest message has 144 MiB.",
)
def _large(talk: Talk) -> None:
    setting = talk.layer(8)
    each = setting.x().nbytes // (setting.x().shape[0 if setting.config.axis % setting.x().ndim else 1])
    request = setting.forward(_LARGE // each)
    (found,) = talk.answers(request)
    _like(found, "y", request.x)


@check(
    "empty",
    "An empty batch is answered, by an array or by raised.",
    "Take care of extents that are 0.",
)
def _empty(talk: Talk) -> None:
    setting = talk.layer(3)
    talk.say(setting.forward(0))
    _lives(talk, "an empty batch")


# -- what it should refuse


@check(
    "unknown-op",
    "An op that it does not know is answered with raised, and the program lives on.",
    "Answer {op: 'raised', kind, text}: later versions of the suite may ask for more.",
)
def _unknown_op(talk: Talk) -> None:
    _refused(talk, {"an op that there is not": {"op": "no-such-op", "layer": 0}})


@check(
    "unknown-layer",
    "A call on a layer that was never built is answered with raised.",
    "Look the number up before use.",
)
def _unknown_layer(talk: Talk) -> None:
    forward = Setting.of(talk.capabilities, 3).forward(number=12345)
    _refused(talk, {"forward on a layer never built": forward})


@check(
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


@check(
    "wrong-array",
    "An array whose data do not fit its shape and dtype is answered with raised, and the program lives on.",
    "Check that dtype is known, that no extent is negative, and that their product times the size of one element is the "
    "length of data, without overflow, before allocating anything.",
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
    _like(found, "y", setting.x())


# -- how it ends


@check(
    "standard-output",
    "Standard output holds replies and nothing else.",
    "Log to standard error. If a library prints, move descriptor 1 aside first, as docs/protocol.md shows.",
)
def _standard_output(talk: Talk) -> None:
    talk.layer(3)
    talk.say({"op": "no-such-op"}, Hello())
    stray, _ = talk.hang_up()
    if stray:
        raise Wrong(f"{stray} bytes were written that nobody asked for")


@check(
    "end-of-input",
    "The program ends when its standard input does.",
    "Leave the loop when a read gives nothing; do not wait for threads or children.",
)
def _end_of_input(talk: Talk) -> None:
    _ends(talk, "its standard input had ended")


@check(
    "truncated",
    "The program ends when its standard input ends in the middle of a message.",
    "A read that gives nothing is the end, wherever it comes; do not try again.",
)
def _truncated(talk: Talk) -> None:
    talk.send(frame(msgspec.msgpack.encode({"op": "hello"}))[:-2])
    _ends(talk, "its standard input had ended in the middle of a message")


@check(
    "oversized",
    "A length beyond the longest message ends the program, at once or with its input.",
    "Compare the length with 150994943 before allocating so much; there is no way to go on after it.",
)
def _oversized(talk: Talk) -> None:
    talk.send(b"\xff\xff\xff\xff" + b"\0" * 64)
    _ends(talk, "a message of 4294967295 bytes was announced and its standard input had ended")


# -- what the checks have in common


def _like(arrays: Arrays, name: str, x: np.ndarray) -> None:
    if name not in arrays:
        raise Wrong(f"there is no {name} in the answer; there is {', '.join(arrays)[:80] or 'nothing'}")
    got = arrays[name]
    if (got.shape, got.dtype) != (x.shape, x.dtype):
        raise Wrong(f"{name} is {got.dtype} of shape {got.shape}; expected {x.dtype} of shape {x.shape}")


def _y(arrays: Arrays) -> np.ndarray:
    if "y" not in arrays:
        raise Wrong(f"there is no y in the answer; there is {', '.join(arrays)[:80] or 'nothing'}")
    return arrays["y"].astype(np.float64)


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
        _lives(talk, what)


def _lives(talk: Talk, after: str) -> None:
    try:
        (reply,) = talk.say(Hello())
    except Wrong as error:
        raise Wrong(f"after {after}: {error}") from None
    if not isinstance(reply, Identity):
        raise Wrong(f"after {after} it no longer answers hello with its identity")
    _only(talk)


def _only(talk: Talk) -> None:
    if not talk.silent():
        raise Wrong("it said more than it was asked for")


def _ends(talk: Talk, what: str) -> None:
    _, status = talk.hang_up()
    if status is None:
        raise Wrong(f"{talk.timeout:g} s after {what} it was still there")
