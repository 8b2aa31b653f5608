"""docs/protocol.md says what the code does: its exchange is the encoder's own, and its tables lack no field."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.implementation import Capabilities, LayerConfig
from conformance.protocol.codec import WIRE_DTYPES, decode_reply, decode_request, encode
from conformance.worker.framing import MOST_BYTES, Frames
from conformance.worker.schemas import REPLIES, REQUESTS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def exchange() -> list[tuple[str, dict[str, Any], bytes]]:
    """(direction, message, the bytes of its frame) of the worked example."""
    (block,) = re.findall(r"```text\n(> .*?)```", DOCUMENT, re.DOTALL)
    found = re.findall(r"^([<>]) (\{.*\})\n((?:  [0-9a-f ]+\n)+)", block, re.MULTILINE)
    return [(sign, json.loads(text), bytes.fromhex(dumped)) for sign, text, dumped in found]


def as_json(payload: bytes) -> Any:
    return msgspec.to_builtins(msgspec.msgpack.decode(payload))


def test_exchange_is_whole() -> None:
    assert [(sign, message["op"]) for sign, message, _ in exchange()] == [
        (">", "hello"),
        ("<", "identity"),
        (">", "forward"),
        ("<", "answer"),
        (">", "parameters"),
        ("<", "raised"),
    ]


@pytest.mark.parametrize(("sign", "message", "data"), exchange(), ids=[m["op"] for _, m, _ in exchange()])
def test_message_of_the_exchange(sign: str, message: dict[str, Any], data: bytes) -> None:
    """What is shown as JSON and as bytes is the same, and requests are byte for byte what the suite sends."""
    frames = Frames()
    frames.feed(data)
    payload = frames.next()
    assert payload is not None and len(frames) == 0
    assert as_json(payload) == message
    decoded = decode_request(payload) if sign == ">" else decode_reply(payload)
    if sign == ">":
        assert encode(decoded) == payload


def test_answer_of_the_exchange_is_right() -> None:
    """The batch is 1 and 3: normalised, -1 and 1."""
    arrays = exchange()[3][1]["arrays"]
    assert base64.b64decode(arrays["y"]["data"]).hex(" ") == "00 00 80 bf 00 00 80 3f"


@pytest.mark.parametrize("kind", [*REQUESTS, *REPLIES], ids=lambda kind: str(kind.__name__))
def test_every_message_and_field_is_in_a_table(kind: type[msgspec.Struct]) -> None:
    op = kind.__struct_config__.tag
    rows = re.search(rf"^\| `{op}` \|.*\n(?:\| \|.*\n)*", DOCUMENT, re.MULTILINE)
    assert rows is not None
    fields = {name for name in kind.__struct_fields__ if name not in ("may_raise", "label")}
    assert set(re.findall(r"`(\w+)`", " ".join(row.split("|")[2] for row in rows[0].splitlines()))) == fields


@pytest.mark.parametrize("kind", [LayerConfig, Capabilities])
def test_every_field_of_a_map_is_in_its_table(kind: type[Any]) -> None:
    first = next(iter(kind.__dataclass_fields__))
    table = re.search(rf"^\| `{first}` \|.*\n(?:\| `.*\n)*", DOCUMENT, re.MULTILINE)
    assert table is not None
    named = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in table[0].splitlines()))
    assert named == list(kind.__dataclass_fields__)


def test_limits_are_as_stated() -> None:
    assert f"{MOST_BYTES:,} bytes" in DOCUMENT
    assert all(name in DOCUMENT or re.match(r"u?int(16|32)", name) for name in WIRE_DTYPES)
