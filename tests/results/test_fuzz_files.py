"""Files from a stranger: what reads reports, cases and baselines refuses them with the one exception it documents, in
few words, and takes no more memory than they warrant. What it lets in can be rendered, replayed and applied.

As in test_fuzz, FUZZ says how many inputs each test gets.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given

from conformance.cases.case import Case, Regime
from conformance.report.renderers import write
from conformance.results.baseline import BadBaseline, Known, read_baseline
from conformance.results.build import build
from conformance.results.case_file import BadCase, CaseFile, read_case
from conformance.results.diff import changes
from conformance.results.known import draft, with_baseline
from conformance.results.model import Report
from conformance.results.reading import BadReport, read
from conformance.running.campaign import Settings, Task, run_task
from conformance.worker.shown import spelled
from tests.conftest import WRONG
from tests.worker.test_fuzz import _EACH, SEEDS, frugal, fuzzed, nested

_VALUES: list[Any] = [
    *(
        0,
        -1,
        1 << 63,
        1 << 70,
        1e308,
        -0.5,
        True,
        None,
        "",
        "x",
        "\x00",
        "\u202e</script>",
        [],
        {},
        [1],
        [[]],
    ),
    *("../../etc/passwd", "MUST", "pass", "fail", "float32", "forward.training", "javascript:x"),
    *([1 << 40, 1 << 40], {"": None}, {"shape": [2, 1], "axis": 1}),
]


@pytest.fixture(scope="module")
def report() -> Report:
    settings = Settings(
        ("shape.gamma", "forward.training", "numerics.conditioning"), ("float32",), max_examples=8
    )
    tasks = [Task("reference", settings), Task(f"{WRONG}:Scalar", settings)]
    built = build([run_task(task) for task in tasks], settings, started=0.0, seconds=1.0)
    return with_baseline(built, (Known("shape.gamma", "one for the layer", link="https://example.org/1"),))


CASE = CaseFile(
    "forward.training",
    Case(
        (3, 2),
        -1,
        "float64",
        1e-3,
        0.5,
        (Regime(kappa=7.0), Regime()),
        11,
        circumstances={"memory of x": "permuted (1, 0)"},
    ),
    "torch",
    "training",
)
BASELINE = b"""
# known
[[known]]
requirement = "shape.*"
reason = "one for \\u0041 the layer"
dtype = "float32"
link = "https://example.org/1"
excused = false

[[known]]
requirement = "degenerate.empty"
implementation = 'keras-*'
reason = \"\"\"several
lines\"\"\"
"""


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """A real file with bytes changed, cut out, put in, repeated."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        put = chance.choice([chance.randbytes(3), b'"', b"}", b"]", b"[[", b"\\u0000", b"1e999", b"=", b"\n"])
        data = chance.choice(
            [
                data[:at] + put + data[at + len(put) :],
                data[:at] + data[min(to, at + 20) :],
                data[:at] + put + data[at:],
                data[:to] + data[at : min(to, at + 200)] * 2 + data[to:],
                data[: max(at, 1)],
            ]
        )
    return data


def exchanged(text: bytes, chance: random.Random) -> bytes:
    """A real JSON file with another value somewhere, or one field more or less."""
    document = json.loads(text)
    place: Any = document
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else list(range(len(place))))
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and chance.random() < 0.85:
            place = inner
            continue
        if chance.random() < 0.2:
            del place[key]
        else:
            place[key] = chance.choice(_VALUES)
        if isinstance(place, dict) and chance.random() < 0.1:
            place[chance.choice(["case", "known", "script", "since"])] = chance.choice(_VALUES)
        return json.dumps(document).encode()


def deep(_: bytes, chance: random.Random) -> bytes:
    """Lists or maps in each other, deeper than any stack."""
    opening = chance.choice([b"[", b'{"a":', b'{"case":{"features":['])
    return chance.choice([b"", b"known = ", b'{"results":']) + opening * chance.randint(1, 2000)


def noise(_: bytes, chance: random.Random) -> bytes:
    return chance.choice([chance.randbytes(chance.randrange(300)), nested(chance)])


Made = Callable[[bytes, random.Random], bytes]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "file"


def tried(read: Callable[[Path], Any], refusal: type[Exception], file: Path, data: bytes) -> Any:
    """What was read, or None where it was refused as documented."""
    file.write_bytes(data)
    with frugal(len(data) + 4096):  # A buffer for the longest that is read.
        try:
            return read(file)
        except refusal as error:
            assert str(file) in str(error)
            assert len(str(error)) < 2000 + len(str(file)), data
            return None


@pytest.mark.parametrize("made", [spoilt, exchanged, deep, noise])
@fuzzed
@given(chance=SEEDS)
def test_a_report_is_read_or_refused(report: Report, file: Path, made: Made, chance: random.Random) -> None:
    whole = report.to_json()
    for number in range(_EACH):
        found = tried(read, BadReport, file, made(whole, chance))
        if found is not None and number == 0:
            shown(found, report)


def shown(found: Report, report: Report) -> None:
    """A report that was let in is written in every form, as a user gets it, whatever it says."""
    with TemporaryDirectory() as folder:
        written = write(found, Path(folder))
        assert {path for path in Path(folder).rglob("*") if path.is_file()} == set(written)
        for path in written:
            text = path.read_text(encoding="utf-8")
            assert path.suffix in (".html", ".json", ".md", ".svg", ".txt", ".xml")
            assert path.suffix not in (".svg", ".xml") or ElementTree.fromstring(text) is not None
            assert path.suffix != ".html" or text.startswith("<!doctype html>")
            assert path.suffix in (".html", ".svg") or spelled(text) == text
        again = read(Path(folder, "report.json"))
    assert again == found
    assert isinstance(changes(report, found), list)
    assert found.exit_status() in (0, 1, 3)
    assert draft(with_baseline(found, (Known("*", "all"),)))


@pytest.mark.parametrize("made", [spoilt, exchanged, deep, noise])
@fuzzed
@given(chance=SEEDS)
def test_a_case_is_read_or_refused(file: Path, made: Made, chance: random.Random) -> None:
    whole = CASE.to_json().encode()
    for _ in range(_EACH):
        found = tried(read_case, BadCase, file, made(whole, chance))
        if found is not None:
            assert read_again(found, file) == found


def read_again(found: CaseFile, file: Path) -> CaseFile:
    file.write_text(found.to_json(), encoding="utf-8")
    return read_case(file)


@pytest.mark.parametrize("made", [spoilt, deep, noise])
@fuzzed
@given(chance=SEEDS)
def test_a_baseline_is_read_or_refused(report: Report, file: Path, made: Made, chance: random.Random) -> None:
    for number in range(_EACH):
        found = tried(read_baseline, BadBaseline, file, made(BASELINE, chance))
        if found is not None and number % 10 == 0:
            assert with_baseline(report, found).exit_status() in (0, 1)


@pytest.mark.parametrize("made", [spoilt, exchanged])
def test_some_are_let_in_and_some_are_not(file: Path, made: Made) -> None:
    """Inputs that are all refused would prove little."""
    chance, whole = random.Random(0), CASE.to_json().encode()
    taken = [tried(read_case, BadCase, file, made(whole, chance)) is not None for _ in range(400)]
    assert 10 < sum(taken) < 390


@pytest.mark.parametrize(
    ("circumstances", "words"),
    [
        ({"weather": "fine"}, "there is 'weather'"),
        ({"history": "long ago"}, "history must be one of nothing, "),
        ({"memory of x": "permuted"}, "memory of x must be an order of 2 axes; it is 'permuted'"),
        ({"memory of dy": "permuted (2, 1, 0)"}, "memory of dy must be an order of 2 axes"),
    ],
)
def test_circumstances_that_there_are_not_are_refused(
    file: Path, circumstances: dict[str, str], words: str
) -> None:
    case = replace(CASE.case, circumstances=circumstances)
    file.write_text(replace(CASE, case=case).to_json(), encoding="utf-8")
    with pytest.raises(BadCase, match=re.escape(words)):
        read_case(file)
