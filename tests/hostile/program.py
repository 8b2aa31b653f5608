"""A batch norm that knows nothing of the suite but its protocol: standard library only.

What it is for: to be started as ``exec:python program.py``, as a program in another language would be. It
answers training calls on float32 inputs of rank 2 with the features last. With an argument it answers as its
other functions do: each is one way to misunderstand the protocol.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

# -- MessagePack, as much as is needed of it


def pack(value: Any) -> bytes:
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return b"\xd3" + struct.pack(">q", value)
        case float():
            return b"\xcb" + struct.pack(">d", value)
        case str():
            return b"\xdb" + struct.pack(">I", len(value.encode())) + value.encode()
        case bytes():
            return b"\xc6" + struct.pack(">I", len(value)) + value
        case list():
            return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
        case dict():
            items = (pack(key) + pack(each) for key, each in value.items())
            return b"\xdf" + struct.pack(">I", len(value)) + b"".join(items)
    raise TypeError(value)


def unpack(data: bytes) -> Any:
    value, rest = _unpack(data)
    assert not rest
    return value


_NUMBERS = {
    0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_SIZED = {
    0xC4: (">B", "bytes"), 0xC5: (">H", "bytes"), 0xC6: (">I", "bytes"),
    0xD9: (">B", "text"), 0xDA: (">H", "text"), 0xDB: (">I", "text"),
    0xDC: (">H", "list"), 0xDD: (">I", "list"), 0xDE: (">H", "map"), 0xDF: (">I", "map"),
}  # fmt: skip


def _unpack(data: bytes) -> tuple[Any, bytes]:
    first, rest = data[0], data[1:]
    if first in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[first], rest
    if first < 0x80 or first >= 0xE0:
        return struct.unpack("b", data[:1])[0], rest
    if first < 0x90:
        return _sized("map", first & 0x0F, rest)
    if first < 0xA0:
        return _sized("list", first & 0x0F, rest)
    if first < 0xC0:
        return _sized("text", first & 0x1F, rest)
    if first in _NUMBERS:
        size = struct.calcsize(_NUMBERS[first])
        return struct.unpack(_NUMBERS[first], rest[:size])[0], rest[size:]
    layout, kind = _SIZED[first]
    size = struct.calcsize(layout)
    return _sized(kind, struct.unpack(layout, rest[:size])[0], rest[size:])


def _sized(kind: str, count: int, rest: bytes) -> tuple[Any, bytes]:
    if kind in ("bytes", "text"):
        raw, rest = rest[:count], rest[count:]
        return (raw.decode() if kind == "text" else raw), rest
    items = []
    for _ in range(count if kind == "list" else 2 * count):
        item, rest = _unpack(rest)
        items.append(item)
    return (items if kind == "list" else dict(zip(items[::2], items[1::2], strict=True))), rest


# -- messages


def send(reply: dict[str, Any]) -> None:
    write(frame(reply))


def frame(reply: dict[str, Any]) -> bytes:
    payload = pack(reply)
    return struct.pack("<I", len(payload)) + payload


def write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def receive() -> dict[str, Any]:
    header = sys.stdin.buffer.read(4)
    if not header:
        sys.exit()
    message: dict[str, Any] = unpack(sys.stdin.buffer.read(struct.unpack("<I", header)[0]))
    return message


def array(values: list[float], shape: list[int]) -> dict[str, Any]:
    return {"dtype": "float32", "shape": shape, "data": struct.pack(f"<{len(values)}f", *values)}


def numbers(array: dict[str, Any]) -> list[float]:
    assert array["dtype"] == "float32"
    return list(struct.unpack(f"<{len(array['data']) // 4}f", array["data"]))


IDENTITY = {
    "op": "identity",
    "name": "program",
    "version": "standard library",
    "capabilities": {
        "dtypes": ["float32"],
        "ranks": [2],
        "axes": [-1],
        "affine": "always",
        "inference": False,
        "running": False,
    },
}
ANSWER: dict[str, Any] = {"op": "answer"}


# -- the program


def batch_norm() -> NoReturn:
    """What an honest program does."""
    layers: dict[int, dict[str, Any]] = {}
    while True:
        send(answered(layers, receive()))


def answered(layers: dict[int, dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    number = request.get("layer", 0)
    match request["op"]:
        case "hello":
            return IDENTITY
        case "build":
            config = request["config"]
            n = config["input_shape"][-1]
            layers[number] = {"gamma": [1.0] * n, "beta": [0.0] * n, "epsilon": config["epsilon"]}
            return ANSWER
        case "load":
            held = layers[number]
            for name, value in request["parameters"].items():
                if value["shape"] != [len(held[name])]:
                    return {
                        "op": "raised",
                        "kind": "ValueError",
                        "text": f"{name} has shape {value['shape']}",
                    }
                held[name] = numbers(value)
            return ANSWER
        case "forward":
            if request["x"]["shape"][1:] != [len(layers[number]["gamma"])]:
                return {"op": "raised", "kind": "ValueError", "text": "another number of features"}
            return {"op": "answer", "arrays": {"y": forward(layers[number], request["x"])}}
        case "parameters":
            held = {
                name: array(value, [len(value)])
                for name, value in layers[number].items()
                if name != "epsilon"
            }
            return {"op": "answer", "arrays": held}
        case other:
            return {"op": "raised", "kind": "NotImplementedError", "text": f"no {other} here"}


def forward(layer: dict[str, Any], x: dict[str, Any]) -> dict[str, Any]:
    values, n = numbers(x), x["shape"][-1]
    y = [0.0] * len(values)
    for k in range(n):
        column = values[k::n]
        mean = sum(column) / len(column)
        var = sum((value - mean) ** 2 for value in column) / len(column)
        scale = layer["gamma"][k] / (var + layer["epsilon"]) ** 0.5
        y[k::n] = [scale * (value - mean) + layer["beta"][k] for value in column]
    return array(y, x["shape"])


# -- misunderstandings of it


def until(op: str) -> dict[str, Any]:
    """Answer as one should, up to a request of that name."""
    while (request := receive())["op"] != op:
        send(IDENTITY if request["op"] == "hello" else ANSWER)
    return request


def for_ever(answer: Callable[[dict[str, Any]], None]) -> NoReturn:
    while True:
        answer(until("forward"))


def silent() -> None:
    time.sleep(3600)


def silent_at_forward() -> None:
    until("forward")
    time.sleep(3600)


def exits() -> None:
    print("usage: program FILE", file=sys.stderr)
    sys.exit(2)


def prints_text() -> None:
    write(b"Hi\n\nloading model weights ...\n")
    time.sleep(3600)


def prints_random_bytes() -> None:
    write(bytes(range(256)) * 64)
    time.sleep(3600)


def prints_text_at_forward() -> None:
    for_ever(lambda _: write(b"loss = nan\n"))


def answers_garbage() -> None:
    for_ever(lambda _: write(struct.pack("<I", 6) + b"\xc1\xc1\xc1\xc1\xc1\xc1"))


def answers_json() -> None:
    for_ever(lambda _: write(struct.pack("<I", 15) + b'{"op":"answer"}'))


def answers_with_an_unknown_op() -> None:
    for_ever(lambda _: send({"op": "result", "arrays": {}}))


def answers_with_a_request() -> None:
    for_ever(lambda _: send({"op": "hello"}))


def answers_nothing() -> None:
    for_ever(lambda _: write(struct.pack("<I", 0)))


def answers_with_its_identity() -> None:
    for_ever(lambda _: send(IDENTITY))


def answers_without_y() -> None:
    for_ever(lambda request: send({"op": "answer", "arrays": {"Y": request["x"]}}))


def answers_with_a_lying_shape() -> None:
    for_ever(
        lambda request: send({"op": "answer", "arrays": {"y": request["x"] | {"shape": [1 << 40, 1 << 20]}}})
    )


def answers_with_an_unknown_dtype() -> None:
    for_ever(lambda request: send({"op": "answer", "arrays": {"y": request["x"] | {"dtype": "object"}}}))


def answers_with_infinite_seconds() -> None:
    for_ever(lambda request: send({"op": "answer", "arrays": {"y": request["x"]}, "seconds": float("nan")}))


def answers_twice() -> None:
    for_ever(lambda request: write(2 * frame({"op": "answer", "arrays": {"y": request["x"]}})))


def answers_in_pieces() -> None:
    """Slow, and right: x for y, one byte at a time."""

    def answer(request: dict[str, Any]) -> None:
        for byte in frame({"op": "answer", "arrays": {"y": request["x"]}}):
            write(bytes([byte]))

    for_ever(answer)


def answers_with_terminal_codes() -> None:
    for_ever(
        lambda _: send(
            {"op": "raised", "kind": "Error\x1b[2J", "text": "red: \x1b[31m, bell: \x07", "trace": ""}
        )
    )


def ends_in_a_length() -> None:
    until("forward")
    write(b"\x05\x00")


def ends_in_a_message() -> None:
    request = until("forward")
    write(frame({"op": "answer", "arrays": {"y": request["x"]}})[:-3])


def closes_its_output() -> None:
    until("forward")
    os.close(1)
    time.sleep(3600)


def greets_with_an_answer() -> None:
    receive()
    send(ANSWER)
    time.sleep(3600)


def speaks_protocol_2() -> None:
    receive()
    send(IDENTITY | {"protocol": 2})
    time.sleep(3600)


if __name__ == "__main__":
    globals()[sys.argv[1] if len(sys.argv) > 1 else "batch_norm"]()
