"""The JSON Schemas of the protocol's messages: shipped, up to date, true of real messages and of them alone."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import given

from conformance.protocol.codec import decode_reply, decode_request, encode
from conformance.protocol.messages import Message
from conformance.worker import schemas
from tests.protocol.test_protocol import REPLIES, REQUESTS

SCHEMA: dict[str, Any] = json.loads(files("conformance.worker").joinpath("protocol-v1.json").read_bytes())


def as_json(message: Message) -> Any:
    """A message as JSON: what is on the wire, with bytes in base64."""
    return msgspec.to_builtins(msgspec.msgpack.decode(encode(message)))


def valid(value: Any, definition: str) -> bool:
    schema = {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def test_shipped_ones_are_up_to_date() -> None:
    """If not: python -m conformance.worker.schemas."""
    assert schemas.PATH.read_text(encoding="utf-8") == schemas.text()


def test_are_schemas() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(message=REQUESTS)
def test_every_request_is_valid(message: Message) -> None:
    assert valid(as_json(message), "Request") and valid(as_json(message), type(message).__name__)
    assert not valid(as_json(message), "Reply")


@given(message=REPLIES)
def test_every_reply_is_valid(message: Message) -> None:
    assert valid(as_json(message), "Reply") and valid(as_json(message), type(message).__name__)
    assert not valid(as_json(message), "Request")


ARRAY = {"dtype": "float32", "shape": [1], "data": "AACAPw=="}
FORWARD = {"op": "forward", "x": ARRAY, "training": True}
#: Requests and replies, and whether they are valid.
CASES = {
    "a plain forward": (FORWARD, True),
    "with a field nobody knows": (FORWARD | {"since": 9}, True),
    "without x": ({"op": "forward", "training": True}, False),
    "an x of a dtype that does not travel": (FORWARD | {"x": ARRAY | {"dtype": "complex64"}}, False),
    "a negative extent": (FORWARD | {"x": ARRAY | {"shape": [-1]}}, False),
    "a fractional extent": (FORWARD | {"x": ARRAY | {"shape": [0.5]}}, False),
    "an unknown op": (FORWARD | {"op": "forwards"}, False),
    "an answer": ({"op": "answer", "arrays": {"y": ARRAY}}, True),
    "an answer with a list": ({"op": "answer", "arrays": {"y": [1.0]}}, False),
    "raised without a text": ({"op": "raised", "kind": "ValueError"}, False),
    "an identity without capabilities": ({"op": "identity", "name": "a", "version": "1"}, False),
}


@pytest.mark.parametrize(("value", "expected"), CASES.values(), ids=CASES.keys())
def test_schema_and_decoder_agree(value: dict[str, Any], expected: bool) -> None:
    definition = "Reply" if value["op"] in ("answer", "raised", "identity") else "Request"
    assert valid(value, definition) is expected
    decode = decode_reply if definition == "Reply" else decode_request
    if expected:
        decode(wire(value))
    else:
        with pytest.raises(msgspec.DecodeError):
            decode(wire(value))


def wire(value: dict[str, Any]) -> bytes:
    """The message, with the bytes that base64 stands for."""
    data = np.ones(1, np.float32).tobytes()

    def with_bytes(each: Any) -> Any:
        if isinstance(each, dict):
            return {key: data if key == "data" else with_bytes(inner) for key, inner in each.items()}
        return each

    return msgspec.msgpack.encode(with_bytes(value))
