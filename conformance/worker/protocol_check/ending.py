"""How a program ends."""

from __future__ import annotations

import msgspec

from conformance.protocol.messages import Hello
from conformance.worker.framing import frame
from conformance.worker.protocol_check.check import BUILT, Checks
from conformance.worker.protocol_check.talk import Talk, Wrong

CHECKS = Checks()


@CHECKS.add(
    "standard-output",
    "Standard output holds replies and nothing else.",
    "Log to standard error. If a library prints, move descriptor 1 aside first, as docs/protocol.md shows.",
    BUILT,
)
def _standard_output(talk: Talk) -> None:
    talk.layer(3)
    talk.say(Hello())
    stray, _ = talk.hang_up()
    if stray:
        raise Wrong(f"{stray} bytes were written that nobody asked for")


@CHECKS.add(
    "end-of-input",
    "The program ends when its standard input does.",
    "Leave the loop when a read gives nothing; do not wait for threads or children.",
)
def _end_of_input(talk: Talk) -> None:
    _ends(talk, "its standard input had ended")


@CHECKS.add(
    "truncated",
    "The program ends when its standard input ends in the middle of a message.",
    "A read that gives nothing is the end, wherever it comes; do not try again.",
)
def _truncated(talk: Talk) -> None:
    talk.send(frame(msgspec.msgpack.encode({"op": "hello"}))[:-2])
    _ends(talk, "its standard input had ended in the middle of a message")


@CHECKS.add(
    "oversized",
    "A length beyond the longest message ends the program, at once or with its input.",
    "Compare the length with 150994943 before allocating so much; there is no way to go on after it.",
)
def _oversized(talk: Talk) -> None:
    talk.send(b"\xff\xff\xff\xff" + b"\0" * 64)
    _ends(talk, "a message of 4294967295 bytes was announced and its standard input had ended")


def _ends(talk: Talk, what: str) -> None:
    _, status = talk.hang_up()
    if status is None:
        raise Wrong(f"{talk.timeout:g} s after {what} it was still there")
