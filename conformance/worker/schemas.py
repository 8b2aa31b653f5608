"""JSON Schemas of every message, made from the classes that are the messages, for implementers in other languages.

``python -m conformance.worker.schemas`` writes them anew to ``protocol-v1.json`` beside this module. JSON has no
bytes: where a message is written as JSON, ``data`` is base64; on the wire it is a MessagePack bin.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from conformance.protocol.codec import WIRE_DTYPES
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Derivative,
    Forward,
    Hello,
    Identity,
    Load,
    Parameters,
    Raised,
    Restore,
    Save,
)

PATH = Path(__file__).with_name("protocol-v1.json")

REQUESTS = (Hello, Build, Load, Parameters, Forward, Backward, Derivative, Save, Restore)
REPLIES = (Identity, Answer, Raised)

_ARRAY = {
    "title": "Array",
    "description": "An array in C order, little endian: as many bytes as its shape and dtype say.",
    "type": "object",
    "properties": {
        "dtype": {"enum": sorted(WIRE_DTYPES)},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "data": {"type": "string", "contentEncoding": "base64"},
    },
    "required": ["dtype", "shape", "data"],
}


def schema() -> dict[str, Any]:
    """One schema with a definition for each message, and for ``Request`` and ``Reply``, any of theirs."""
    template = "#/$defs/{name}"
    _, definitions = msgspec.json.schema_components(
        REQUESTS + REPLIES, schema_hook=_array, ref_template=template
    )
    for each in definitions.values():  # Python 3.13 takes the indentation out of docstrings by itself.
        each["description"] = inspect.cleandoc(each["description"])
        each.get("properties", {}).pop("label", None)  # never crosses the wire
    named = {
        name: {"oneOf": [{"$ref": template.format(name=each.__name__)} for each in messages]}
        for name, messages in (("Request", REQUESTS), ("Reply", REPLIES))
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of the worker protocol, version 1",
        "oneOf": [{"$ref": "#/$defs/Request"}, {"$ref": "#/$defs/Reply"}],
        "$defs": dict(sorted({**definitions, **named, "Array": _ARRAY}.items())),
    }


def text() -> str:
    """What the file holds."""
    return json.dumps(schema(), indent=1) + "\n"


def _array(kind: type) -> dict[str, Any]:
    if kind is not np.ndarray:
        raise NotImplementedError(f"no schema for {kind.__name__}")
    return {"$ref": "#/$defs/Array"}


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
