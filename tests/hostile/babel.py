"""Programs that speak the protocol with evil intent: ``python babel.py NAME``. Standard library only, as program.py,
whose honest answers they spoil.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from program import (  # type: ignore[import-not-found]
    ANSWER,
    IDENTITY,
    answered,
    array,
    for_ever,
    frame,
    pack,
    receive,
    send,
    until,
    write,
)

Message = dict[str, Any]
Spoil = Callable[[Message, Message], Message]

FOR_EVER = 3600
CAN: Message = IDENTITY["capabilities"]
LONG = 10_000_000


def spoilt(spoil: Spoil, *ops: str) -> NoReturn:
    """Honest, but for the answers to requests of these ops."""
    layers: dict[int, Message] = {}
    while True:
        request = receive()
        reply = answered(layers, request)
        send(spoil(request, reply) if request["op"] in ops else reply)


def raw(payload: bytes) -> NoReturn:
    """These bytes for an answer to forward."""
    data = struct.pack("<I", len(payload)) + payload
    for_ever(lambda _: write(data))
    raise AssertionError


def introduced(**changes: Any) -> NoReturn:
    """Honest, but for its identity."""
    spoilt(lambda _, reply: reply | changes, "hello")


def able(**changes: Any) -> NoReturn:
    introduced(capabilities=CAN | changes)


def y(change: Callable[[Message], Message]) -> NoReturn:
    spoilt(lambda _, reply: reply | {"arrays": {"y": change(reply["arrays"]["y"])}}, "forward")


def renamed(name: str) -> NoReturn:
    """Holds a parameter of that name as well."""
    spoilt(lambda _, reply: reply | {"arrays": reply["arrays"] | {name: array([0.0], [1])}}, "parameters")


# -- lengths that are not to be believed


def announces_an_endless_list() -> None:
    raw(b"\x82\xa2op\xa6answer\xa8warnings\xdd\xff\xff\xff\xff")


def announces_an_endless_map() -> None:
    raw(b"\x82\xa2op\xa6answer\xa6arrays\xdf\xff\xff\xff\xff")


def announces_endless_text() -> None:
    raw(b"\x82\xa2op\xa6raised\xa4kind\xdb\xff\xff\xff\xff")


def announces_endless_data() -> None:
    raw(
        b"\x82\xa2op\xa6answer\xa6arrays\x81\xa1y\x83\xa5dtype\xa7float32\xa5shape\x91\x01\xa4data\xc6\xff\xff\xff\xff"
    )


def announces_the_longest_message() -> None:
    """And sends a byte of it."""
    for_ever(lambda _: write(struct.pack("<I", 0x0900_0000 - 1) + b"\x80"))


def writes_its_lengths_big_endian() -> None:
    for_ever(lambda _: write(struct.pack(">I", 12) + pack(ANSWER)))


def negative_shape() -> None:
    y(lambda good: good | {"shape": [-extent for extent in good["shape"]]})


def fractional_shape() -> None:
    y(lambda good: good | {"shape": [float(extent) for extent in good["shape"]]})


def shape_of_a_thousand_axes() -> None:
    y(lambda good: good | {"shape": good["shape"] + [1] * 1000})


def shape_that_overflows() -> None:
    y(lambda good: good | {"shape": [1 << 32, 1 << 32], "data": b""})


# -- numbers


def swaps_bytes() -> None:
    """Big-endian numbers, which as little-endian ones are anything at all."""
    y(
        lambda good: (
            good | {"data": b"".join(good["data"][k : k + 4][::-1] for k in range(0, len(good["data"]), 4))}
        )
    )


def answers_in_integers() -> None:
    y(lambda good: good | {"dtype": "int32"})


def answers_in_booleans() -> None:
    y(lambda good: {"dtype": "bool", "shape": good["shape"], "data": b"\1" * (len(good["data"]) // 4)})


def answers_in_booleans_that_are_none() -> None:
    y(lambda good: {"dtype": "bool", "shape": good["shape"], "data": b"\7" * (len(good["data"]) // 4)})


def answers_in_bfloat16() -> None:
    y(lambda good: good | {"dtype": "bfloat16", "data": good["data"][: len(good["data"]) // 2]})


def answers_in_64_bit_integers() -> None:
    y(lambda good: {"dtype": "uint64", "shape": good["shape"], "data": b"\xff" * (2 * len(good["data"]))})


def holds_booleans() -> None:
    def spoil(_: Message, reply: Message) -> Message:
        held = reply["arrays"]
        return reply | {
            "arrays": {
                k: {"dtype": "bool", "shape": v["shape"], "data": b"\1" * v["shape"][0]}
                for k, v in held.items()
            }
        }

    spoilt(spoil, "parameters")


def holds_nothing() -> None:
    spoilt(lambda _, reply: ANSWER, "parameters")


def holds_something_else_each_time() -> None:
    times = [0]

    def spoil(_: Message, reply: Message) -> Message:
        times[0] += 1
        held = dict(reply["arrays"])
        if times[0] % 2:
            held.pop("gamma", None)
        else:
            held["beta"] = array([0.0] * times[0], [times[0]])
        return reply | {"arrays": held}

    spoilt(spoil, "parameters")


def holds_ten_thousand_parameters() -> None:
    empty = array([], [0])
    spoilt(lambda _, reply: reply | {"arrays": {str(k): empty for k in range(10_000)}}, "parameters")


def answers_with_nothing_at_all() -> None:
    y(lambda good: array([], [0]))


def takes_no_time_at_all() -> None:
    spoilt(lambda _, reply: reply | {"seconds": float("nan")}, "build", "load", "forward")


def takes_longer_than_the_world_is_old() -> None:
    spoilt(lambda _, reply: reply | {"seconds": 1e308}, "build", "load", "forward")


def takes_less_than_no_time() -> None:
    spoilt(lambda _, reply: reply | {"seconds": float("-inf")}, "build", "load", "forward")


# -- words

EVIL = "\x1b]0;mine\x07\x1b[2J\x1b[31m<script>alert(1)</script>[bold]\u202e\r\n| & \x00"


def has_a_name_in_html() -> None:
    introduced(
        name="<script>alert(1)</script><img src=x onerror=alert(1)>", version='"><svg onload=alert(1)>'
    )


def has_a_name_in_terminal_codes() -> None:
    introduced(name=EVIL, version=EVIL)


def has_a_name_like_a_path() -> None:
    introduced(name="../../../../tmp/escaped", version="/etc/passwd")


def has_a_name_of_megabytes() -> None:
    introduced(name="n" * LONG, version="1" * LONG)


def has_no_name() -> None:
    introduced(name="", version="")


def raises_html_and_terminal_codes() -> None:
    spoilt(lambda *_: {"op": "raised", "kind": EVIL, "text": EVIL, "trace": EVIL}, "forward")


def raises_markup() -> None:
    """Of the terminal's own kind, unbalanced."""
    spoilt(
        lambda *_: {"op": "raised", "kind": "[/bold]", "text": "[red]x[/green] [link=file:///]", "trace": ""},
        "forward",
    )


def raises_megabytes() -> None:
    spoilt(
        lambda *_: {"op": "raised", "kind": "E" * LONG, "text": "t" * LONG, "trace": "t" * LONG}, "forward"
    )


def warns_ten_thousand_times() -> None:
    spoilt(lambda _, reply: reply | {"warnings": [EVIL] * 10_000}, "forward")


def holds_a_parameter_named_in_html() -> None:
    renamed("<script>alert(1)</script>")


def holds_a_parameter_named_in_terminal_codes() -> None:
    renamed(EVIL)


def holds_a_parameter_named_by_megabytes() -> None:
    renamed("p" * LONG)


def names_gamma_in_terminal_codes() -> None:
    able(names=[["gamma", EVIL], ["beta", "<script>alert(1)</script>"]])


def writes_no_utf_8() -> None:
    raw(b"\x83\xa2op\xa6raised\xa4kind\xa2\xff\xfe\xa4text\xa1x")


def has_a_name_in_no_utf_8() -> None:
    receive()
    payload = pack(IDENTITY).replace(b"program", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9")
    write(struct.pack("<I", len(payload)) + payload)
    time.sleep(FOR_EVER)


def repeats_keys() -> None:
    raw(b"\x83\xa2op\xa6answer\xa2op\xa6raised\xa6arrays\x80")


def uses_numbers_for_keys() -> None:
    raw(b"\x82\xa2op\xa6answer\xa6arrays\x81\x01\xc0")


def uses_extensions() -> None:
    raw(b"\x82\xa2op\xa6answer\xa6arrays\x81\xa1y\xd6\xff\x00\x00\x00\x00")


def nests_deeply() -> None:
    raw(b"\x82\xa2op\xa6answer\xa4deep" + b"\x91" * LONG + b"\xc0")


def nests_deeply_in_place_of_an_array() -> None:
    raw(b"\x82\xa2op\xa6answer\xa6arrays" + b"\x81\xa1y" * (LONG // 10) + b"\xc0")


# -- capabilities


def declares_no_dtype() -> None:
    able(dtypes=[])


def declares_no_rank() -> None:
    able(ranks=[])


def declares_no_axis() -> None:
    able(axes=[])


def declares_a_hundred_thousand_dtypes() -> None:
    able(dtypes=["float32"] * 100_000)


def declares_a_hundred_thousand_ranks() -> None:
    able(ranks=[2] * 100_000)


def declares_a_hundred_thousand_axes() -> None:
    able(axes=list(range(100_000)))


def declares_a_hundred_thousand_names() -> None:
    able(names=[["gamma", str(k)] for k in range(100_000)])


def declares_rank_100() -> None:
    able(ranks=[100])


def declares_a_huge_rank() -> None:
    able(ranks=[(1 << 63) - 1])


def declares_fractional_ranks() -> None:
    able(ranks=[2.5])


def declares_an_unknown_affine() -> None:
    able(affine="maybe")


def declares_everything() -> None:
    """And has next to nothing."""
    able(
        dtypes=["float32", "float64", "float16", "bfloat16"],
        ranks=[2, 3, 4, 5],
        axes="any",
        gradients=True,
        running=True,
        cumulative=True,
        defaults=True,
        affine="separate",
    )


def declares_that_it_can_do_nothing() -> None:
    able(training=False, inference=False, parameters=False, running=False)


def speaks_a_version_beyond_64_bits() -> None:
    receive()
    payload = pack(IDENTITY)
    payload = payload[:4] + bytes([payload[4] + 1]) + payload[5:] + pack("protocol") + b"\xcf" + b"\xff" * 8
    write(struct.pack("<I", len(payload)) + payload)
    time.sleep(FOR_EVER)


# -- when, and how much


def writes_without_end() -> None:
    until("forward")
    while True:
        write(b"\x01\x00\x00\x00\x80" * 4096)


def writes_answers_without_end() -> None:
    """Each a good one."""
    until("forward")
    while True:
        write(frame(ANSWER) * 4096)


def writes_to_standard_error_without_end() -> None:
    until("forward")
    while True:
        os.write(2, b"Warning: " * 4096)


def writes_blank_bytes_without_end() -> None:
    until("forward")
    while True:
        write(bytes(1 << 16))


def drips() -> None:
    """A byte at a time, and never done in time."""

    def answer(_: Message) -> None:
        for byte in frame(ANSWER | {"warnings": ["x" * 1000]}):
            write(bytes([byte]))
            time.sleep(0.02)

    for_ever(answer)


def answers_before_it_is_asked() -> None:
    send(IDENTITY)
    send(IDENTITY)
    spoilt(lambda _, reply: reply)


def answers_every_second_request() -> None:
    layers: dict[int, Message] = {}
    for number in range(1 << 30):
        request = receive()
        reply = answered(layers, request)
        if number % 2 == 0:
            send(reply)


def leaves_after_its_introduction() -> None:
    receive()
    send(IDENTITY)
    sys.exit(0)


def leaves_in_every_call() -> None:
    until("build")
    os._exit(7)


def closes_its_input() -> None:
    receive()
    send(IDENTITY)
    os.close(0)
    time.sleep(FOR_EVER)


def closes_its_output() -> None:
    until("forward")
    os.close(1)
    time.sleep(FOR_EVER)


def closes_everything() -> None:
    until("forward")
    os.closerange(0, 3)
    time.sleep(FOR_EVER)


def stays_when_its_input_ends() -> None:
    """Honest until then."""
    if os.fork() == 0:
        os.closerange(0, 3)
        time.sleep(FOR_EVER)
    layers: dict[int, Message] = {}
    try:
        while True:
            send(answered(layers, receive()))
    except SystemExit:
        time.sleep(FOR_EVER)


def forks_children_that_answer_too() -> None:
    until("forward")
    for _ in range(3):
        os.fork()
    for_ever(lambda request: send({"op": "answer", "arrays": {"y": request["x"]}}))


def forks_children_that_hold_the_pipes() -> None:
    until("forward")
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(FOR_EVER)
    os._exit(1)


def escapes_into_a_session_of_its_own() -> None:
    """With the pipes in its hands, for a while."""
    until("forward")
    if os.fork() == 0:
        os.setsid()
        time.sleep(4)
        os._exit(0)
    os._exit(1)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
