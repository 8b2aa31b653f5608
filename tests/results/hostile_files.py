"""Files that somebody made to do harm, or by mistake: each is made when it is asked for."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

#: What a file is to hold: bytes, or what puts something else in its place.
Content = bytes | Callable[[Path], object]

#: Told by a terminal to do something, taken for markup, or not seen: by those who read it, or by tools.
TRICKS = "\x1b[31m\x1b]0;t\x07\x9b2J\x00\x7f\u202e\u2066\u200b\u200d\ufeff\u00ad\ufffe</b><i>`|\n:X: [red]"


def _deep(opening: bytes, closing: bytes = b"") -> bytes:
    return opening * 100_000 + closing * 100_000


def _long(path: Path) -> None:
    """A file of half a gigabyte that takes no room."""
    with path.open("wb") as file:
        file.truncate(500 << 20)


def _at(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def anything() -> Iterator[tuple[str, Content]]:
    """What is neither JSON nor TOML, or no file."""
    chance = random.Random(0)
    yield from ((f"noise {k}", chance.randbytes(10**k)) for k in range(1, 6))
    text = json.dumps({"schema_version": 1, "requirement": "x"})
    for encoding in ("utf-16", "utf-16-be", "utf-32", "cp037"):
        yield encoding, text.encode(encoding)
    yield from (
        ("NULs", bytes(1000)),
        ("a byte too many", text.encode() + b"\xff"),
        ("latin letters", '{"größe"'.encode("latin-1")),
        ("half a pair", b'{"a": "\\ud800"}'),
        ("half a pair, raw", b'"\xed\xa0\x80"'),
        ("overlong", b'"\xc0\xaf"'),
        ("lists in lists", _deep(b"[")),
        ("lists in lists, closed", _deep(b"[", b"]")),
        ("maps in maps", _deep(b'{"a":')),
        ("tables in tables", b"a" + _deep(b".a") + b" = 1"),
        ("tables in tables, inline", b"a = " + _deep(b"{a=")),
        ("an open string", b'"' + b"x" * 10_000),
        ("an open map", b"{"),
        ("two documents", b"{}{}"),
        ("a comma too many", b'{"a": 1,}'),
        ("remarks", b"/* x */ {}"),
        ("NaN", b"NaN"),
        ("an infinity", b'{"a": 1e999}'),
        ("a huge number", b'{"a": ' + b"9" * 100_000 + b"}"),
        ("a page", b"<!doctype html><script>alert(1)</script>"),
        ("entities in entities", b'<!DOCTYPE x [<!ENTITY a "&b;&b;">]><x>&a;</x>'),
        ("a pickle", pickle.dumps({"a": 1})),
        ("a zip", b"PK\x03\x04" + bytes(26)),
        ("gzip", gzip.compress(text.encode())),
        ("a program", b"\x7fELF\x02\x01\x01" + bytes(100)),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(20)),
        ("Python", b"import os\nos.abort()\n"),
        ("YAML", b"a: !!python/object/apply:os.abort []\n"),
        ("controls", TRICKS.encode()),
        ("half a gigabyte", _long),
        ("a folder", lambda path: path.mkdir()),
        ("a pipe", os.mkfifo),
        ("nothing", lambda _: None),
        ("a link to nothing", _at("nowhere")),
        ("a link to itself", lambda path: path.symlink_to(path.name)),
        ("a file within a file", lambda path: path.symlink_to(Path("/etc/passwd/x"))),
        ("zeros without end", _at("/dev/zero")),
        ("noise without end", _at("/dev/urandom")),
        ("a terminal", _at("/dev/tty")),
        ("an empty device", _at("/dev/null")),
        ("a full device", _at("/dev/full")),
        ("its own memory", _at("/proc/self/mem")),
        ("what it is made of", _at("/proc/self/exe")),
    )


def json_alone() -> Iterator[tuple[str, Content]]:
    """What TOML may be and JSON is not, or JSON of another kind."""
    texts = (
        "",
        " ",
        "\n",
        "\ufeff",
        "null",
        "true",
        "0",
        "-1",
        '"x"',
        "[]",
        "{}",
        "[[]]",
        "[1, 2]",
        '{"a": 1}',
    )
    yield from ((repr(text), text.encode()) for text in texts)


def _without(document: Any, key: str) -> Any:
    return {name: value for name, value in document.items() if name != key}


def cases(good: dict[str, Any]) -> Iterator[tuple[str, Content]]:
    """Nearly a case."""
    case = good["case"]

    def with_case(**fields: Any) -> bytes:
        return json.dumps({**good, "case": {**case, **fields}}).encode()

    shapes: list[Any] = [
        *(
            [3, 0],
            [0, 3],
            [0, 0],
            [-1, 3],
            [3, -1],
            [3],
            [],
            [1 << 70, 1],
            [2.5, 1],
            ["3", 1],
            None,
            "3,1",
            {},
        ),
        *(
            [134217728, 1],
            [1, 100_000_000],
            [1 << 40, 1 << 40],
            [4_000_001, 1],
            [1, 1026],
            [2] * 30,
            [1] * 10_000,
        ),
        [1] * 300_000,
    ]
    for shape in shapes:
        yield f"shape {str(shape)[:40]} {len(str(shape))}", with_case(shape=shape)
    for name, values in {
        "axis": (2, -3, 1 << 70, 0.5, None, "1"),
        "dtype": ("float8", "object", "x" * 5000, TRICKS, None, 1),
        "epsilon": (-1, 1e39, "x", None),
        "momentum": (-0.1, 1.1, 1e300),
        "seed": (-1, 1 << 64, 10**4000, 0.5),
        "memory": ("upside down", "permuted (0, 0)", TRICKS, 1),
        "features": (
            [{}],
            [{}] * 100_000,
            [{"kappa": 1e300}] * 2,
            [{"scale": 1e39}] * 2,
            [{"stream": -1}] * 2,
        ),
        "circumstances": ({"weather": "fine"}, {TRICKS: TRICKS}, {"history": "x" * 5000}, [], {"history": 1}),
    }.items():
        yield from ((f"{name} {str(value)[:40]!a}", with_case(**{name: value})) for value in values)
    names: list[Any] = ["", "forward", "forward.*", "x" * 5000, TRICKS, "../../etc/passwd", None, 1, []]
    for requirement in names:
        yield f"requirement {requirement!a}"[:50], json.dumps({**good, "requirement": requirement}).encode()
    for name in ("exec:touch ran", "ran.py:X", "os:getcwd", TRICKS, "x" * 5000, "exec:" + "x" * 5000):
        yield f"implementation {name!a}"[:50], json.dumps({**good, "implementation": name}).encode()
    yield from (
        (f"without {name}", json.dumps(_without(good, name)).encode()) for name in ("requirement", "case")
    )
    yield "another format", json.dumps({**good, "format": "bnconf-case-2"}).encode()
    yield "no such probe", json.dumps({**good, "probe": TRICKS}).encode()
    yield "cut short", json.dumps(good).encode()[:-5]
    yield "too long", json.dumps(good).encode() + b" " * (1 << 20)


def reports(good: dict[str, Any]) -> Iterator[tuple[str, Content]]:
    """Nearly a report."""

    def with_(**fields: Any) -> bytes:
        return json.dumps({**good, **fields}).encode()

    result, case = good["results"][0], {"shape": [1, 100_000_000], "axis": 1}
    for version in (0, 2, -1, 1 << 70, 10**4000, "1", None, 1.5):
        yield f"version {str(version)[:20]}", with_(schema_version=version)
    for name in good:
        if name not in ("schema_version", "accuracy", "held", "gone", "coverage"):
            yield f"without {name}", json.dumps(_without(good, name)).encode()
        yield f"{name} of words", with_(**{name: TRICKS})
        yield f"{name} of lists", with_(**{name: [[[]]]})
    suite = good["suite"]
    yield "a seed of 4000 digits", with_(suite={**suite, "seed": 10**4000})
    yield "a seed of 70 bits", with_(suite={**suite, "seed": 1 << 70})
    requirement = good["requirements"][0]
    yield (
        "presupposes itself 10,000 times",
        with_(requirements=[{**requirement, "presupposes": ["x"] * 10_000}]),
    )
    held = {"input_shape": [2, 1], "axis": 1, "dtype": "float32", "implementation": result["implementation"]}
    shapes = ([k, 1] for k in range(1, 1000))
    yield "held for a thousand inputs", with_(held=[{**held, "input_shape": shape} for shape in shapes])
    yield "held by nobody", with_(held=[{**held, "implementation": TRICKS * 100}])
    yield "results twice", with_(results=[result, result])
    yield "an implementation twice", with_(implementations=good["implementations"] * 2)
    yield (
        "implementations without end",
        with_(implementations=[{**good["implementations"][0], "id": str(k)} for k in range(2000)]),
    )
    yield "a result of nobody", with_(results=[{**result, "implementation": TRICKS * 100}])
    yield "a result of nothing", with_(results=[{**result, "requirement": "x" * 100_000}])
    yield "a failure in no dtype", with_(results=[{**result, "outcome": "fail", "by_dtype": {}}])
    yield (
        "a dtype that there is not",
        with_(results=[{**result, "by_dtype": {TRICKS: result["by_dtype"]["float32"]}}]),
    )
    counterexample = {"probe": "", "dtype": "float32", "case": case, "message": ""}
    yield "a case without end", with_(results=[{**result, "counterexample": counterexample}])
    million = b'{"schema_version":1,"results":[' + b"{}," * 2_000_000 + b"{}]}"
    yield "two million empty results", million
    arrays = json.dumps({"x": []}).encode().replace(b"[]", b"[" + b"[]," * 2_000_000 + b"[]]")
    whole = with_(
        results=[{**result, "counterexample": {**counterexample, "case": {"shape": [1, 1], "axis": 1}}}]
    )
    yield (
        "two million empty arrays",
        whole.replace(b'"message": ""}', b'"message": "", "arrays": ' + arrays + b"}", 1),
    )
    deep = whole.replace(
        b'"message": ""}', b'"message": "", "arrays": {"x": ' + b"[" * 300 + b"]" * 300 + b"}}", 1
    )
    yield "an array of 300 axes", deep
    yield "cut short", with_()[:-5]


def baselines() -> Iterator[tuple[str, Content]]:
    """Nearly a baseline."""
    good = '[[known]]\nrequirement = "x"\nreason = "y"\n'
    for name, value in (
        *(
            ("dtype", '"float8"'),
            ("dtype", "1"),
            ("link", '"javascript:x"'),
            ("link", "[]"),
            ("excused", '"no"'),
        ),
        *(("diagnosis", "1"), ("implementation", "1"), ("implementation", "[1]"), ("weather", '"fine"')),
        ("implementation", '"' + "[" * 100_000 + '"'),
        ("implementation", '"' + "*a" * 100_000 + '"'),
        ("implementation", '["x", "' + "?" * 2000 + '"]'),
        ("dtype", json.dumps(TRICKS)),
        (json.dumps(TRICKS), "1"),
    ):
        yield f"{name!a} {value[:20]!a}", (good + f"{name} = {value}\n").encode()
    yield "no requirement", b'[[known]]\nreason = "y"\n'
    yield "no reason", b'[[known]]\nrequirement = "x"\n'
    yield "a pattern of 2000 characters", good.replace('"x"', '"' + "[" * 2000 + '"').encode()
    yield "one table", b'[known]\nrequirement = "x"\nreason = "y"\n'
    yield "a key twice", (good + 'reason = "z"\n').encode()
    yield "dots", b"known" + b".a" * 400 + b" = 1\n"
    yield "dots in lines that are none", b"a" + b'.a."\xe2\x80\xa8"' * 1000 + b" = 1\n"
    patterns = ", ".join(f'"{k}"' for k in range(10_000))
    yield "patterns without end", (good + f"implementation = [{patterns}]\n").encode()
    yield "a control", (good + 'link = "\x1b"\n').encode()
    yield "too long", (good + "#" * (1 << 20)).encode()
