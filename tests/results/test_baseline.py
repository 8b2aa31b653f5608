"""Known failures: they do not decide the exit status, are shown as known, and it is noticed when they are gone."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from conformance.results.baseline import BadBaseline, Known, read_baseline
from tests.conftest import WRONG, Command, first_of_each

SCALAR = f"{WRONG}:Scalar"
RUN = ("run", SCALAR, "-r", "shape.gamma", "-r", "shape.beta", "--max-examples", "16")


def baseline(folder: Path, *entries: str) -> str:
    text = "\n".join(f'[[known]]\n{entry}\nreason = "one for the layer"\n' for entry in entries)
    (folder / "known.toml").write_text(text)
    return "known.toml"


def test_known_failures_are_not_held_against_an_implementation(bnconf: Command, tmp_path: Path) -> None:
    file = baseline(tmp_path, 'requirement = "shape.*"\nlink = "https://example.org/1"')
    done = bnconf(*RUN, "--baseline", file, "-o", "out")
    assert done.returncode == 0
    assert "known: one for the layer https://example.org/1" in done.stdout
    assert "everything else holds, 2 known failures" in " ".join(done.stdout.split())
    assert "known failure: one for the layer" in (tmp_path / "out" / "junit.xml").read_text()
    assert 'href="https://example.org/1"' in (tmp_path / "out" / "index.html").read_text()
    assert "Known: one for the layer <https://example.org/1>" in (tmp_path / "out" / "summary.md").read_text()


@pytest.mark.parametrize(
    "entry",
    first_of_each(
        [
            'requirement = "shape.gamma"',
            'requirement = "shape.*"\ndtype = "float64"',
            'requirement = "shape.*"\nimplementation = "torch"',
            'requirement = "shape.*"\ndiagnosis = "another reason"',
        ],
        lambda entry: "shape.*" in entry,
    ),
)
def test_what_an_entry_does_not_cover_still_fails(bnconf: Command, tmp_path: Path, entry: str) -> None:
    assert bnconf(*RUN, "--baseline", baseline(tmp_path, entry)).returncode == 1


def test_a_known_failure_that_is_gone_is_told_and_with_strict_baseline_an_error(
    bnconf: Command, tmp_path: Path
) -> None:
    run = ("run", "reference", "-r", "shape.gamma", "--max-examples", "8", "--baseline")
    file = baseline(tmp_path, 'requirement = "shape.gamma"', 'requirement = "running.update"')
    done = bnconf(*run, file)
    assert done.returncode == 0
    assert "no longer fails; remove it from the baseline: * shape.gamma" in done.stdout
    assert "running.update" not in done.stdout, "it was not judged"
    assert bnconf(*run, file, "--strict-baseline").returncode == 1


def test_a_baseline_can_be_started_from_a_report(bnconf: Command, tmp_path: Path) -> None:
    bnconf(*RUN, "-o", "out")
    text = bnconf("baseline", "out/report.json").stdout
    assert {each["requirement"] for each in tomllib.loads(text)["known"]} == {"shape.gamma", "shape.beta"}
    (tmp_path / "known.toml").write_text(text)
    assert bnconf(*RUN, "--baseline", "known.toml").returncode == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[known]", "is not TOML"),
        ("\x80", "is not TOML"),
        ("[[known]]\nrequirement = 'a'", "missing required field `reason`"),
        ("[[known]]\nrequirement = 'a'\nreason = 'b'\nwhy = 'c'", "unknown field `why`"),
        ("[[know]]\nrequirement = 'a'\nreason = 'b'", "unknown field `know`"),
        ("[[known]]\nrequirement = 'a'\nreason = 'b'\ndtype = 'float8'", "dtype 'float8'"),
        ("[[known]]\nrequirement = 'a'\nreason = 'b'\nlink = 'javascript:x'", "https://"),
        ("a." * 100_000 + "a = 1", "more than 200 dots"),
        ("#" * (1 << 20) + "#", "larger than a baseline"),
    ],
)
def test_what_is_no_baseline_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BadBaseline, match=r"known\.toml") as raised:
        read_baseline(path)
    assert said in str(raised.value)


def test_names_are_patterns_and_strange_ones_are_taken_literally() -> None:
    known = Known("shape.*", "r", implementation="keras-*")
    assert known.covers("keras-jax", "shape.gamma", "float32", None)
    assert not known.covers("torch", "shape.gamma", "float32", None)


def test_an_entry_is_of_several_requirements_and_implementations(bnconf: Command, tmp_path: Path) -> None:
    file = baseline(
        tmp_path, 'requirement = ["shape.gamma", "shape.b*"]\nimplementation = ["torch", "*:Scalar"]'
    )
    done = bnconf(*RUN, "--baseline", file, "-o", "out")
    assert done.returncode == 0
    assert "everything else holds, 2 known failures" in " ".join(done.stdout.split())
    assert bnconf("report", "out/report.json", "-o", "again").returncode == 0
    (known,) = read_baseline(tmp_path / file)
    assert not known.covers("torch-lazy", "shape.gamma", "float32", None)
    assert not known.covers("torch", "shape.output", "float32", None)


def test_a_drafted_entry_is_of_that_implementation_alone(bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "a[b].py").write_text(WRONG.read_text())
    bnconf("run", "a[b].py:Scalar", "-r", "shape.gamma", "--max-examples", "8", "-o", "out")
    (entry,) = tomllib.loads(bnconf("baseline", "out/report.json").stdout)["known"]
    known = Known(**{name: entry[name] for name in ("requirement", "reason", "implementation")})
    assert known.covers("a[b].py:Scalar", "shape.gamma", "float32", None)
    assert not known.covers("ab.py:Scalar", "shape.gamma", "float32", None)
    assert json.dumps(entry)


def test_what_is_tracked_and_not_excused_still_fails(bnconf: Command, tmp_path: Path) -> None:
    file = baseline(tmp_path, 'requirement = "shape.*"\nlink = "https://example.org/1"\nexcused = false')
    done = bnconf(*RUN, "--baseline", file)
    assert done.returncode == 1
    assert "known: one for the layer https://example.org/1" in done.stdout
