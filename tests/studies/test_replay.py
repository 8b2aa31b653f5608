"""A case file: plain JSON that anybody may have written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cases.case import Case, Regime
from conformance.results.case_file import BadCase, CaseFile, read_case
from conformance.studies.replay import replay
from conformance.worker.client import Worker
from tests.conftest import WRONG, Command


def test_a_failure_replays_from_its_file(bnconf: Command, tmp_path: Path) -> None:
    name = f"{WRONG}:EpsilonOutside"
    bnconf("run", name, "-r", "forward.epsilon", "--max-examples", "16", "-o", "out")
    (path,) = (tmp_path / "out" / "cases").rglob("forward.epsilon.json")
    again = bnconf("replay", str(path), name)
    assert again.returncode == 1
    assert "forward.epsilon  MUST, fail" in again.stdout
    assert "exactly" in again.stdout
    other = bnconf("replay", str(path), "reference")
    assert other.returncode == 0
    assert "reference forward.epsilon  MUST, pass" in other.stdout


def test_a_file_written_by_hand_needs_a_requirement_and_a_case(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text('{"requirement": "forward.training", "case": {"shape": [4, 2], "axis": 1}}')
    with Worker("reference") as worker:
        found = replay(read_case(path), worker)
    assert found.verdict.outcome == "pass"
    assert found.trial.case.n == 2


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    case = Case((3, 2), -1, "float64", 1e-3, 0.5, (Regime(kappa=7.0), Regime("constant", stream=3)), seed=11)
    file = CaseFile("forward.training", case, "torch", "training")
    path = tmp_path / "case.json"
    path.write_text(file.to_json())
    assert read_case(path) == file


GOOD = json.loads(CaseFile("forward.training", Case((4, 2), 1)).to_json())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[1", "is not a case file"),
        ("\xff", "is not"),
        ("[" * 100_000, "is not"),
        ("{}", "missing required field `requirement`"),
        (json.dumps(GOOD | {"format": "bnconf-case-2"}), "bnconf-case-2"),
        (json.dumps(GOOD | {"requirement": "forward.trainin"}), "there is no requirement 'forward.trainin'"),
        (json.dumps(GOOD | {"probe": "x"}), "forward.training has no probe 'x'; it has training"),
        (json.dumps(GOOD | {"case": {"shape": [4], "axis": 0}}), "shape must have at least 2 extents"),
        (json.dumps(GOOD | {"case": {"shape": [1 << 20, 1 << 20], "axis": 0}}), "elements"),
        (json.dumps(GOOD | {"case": {"shape": [4, 2], "axis": 2}}), "axis 2 is out of range"),
        (" " * (1 << 20) + "{}", "larger than a case"),
    ],
)
def test_what_is_no_case_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "case.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BadCase, match=r"case\.json") as raised:
        read_case(path)
    assert said in str(raised.value)


def test_a_missing_file_and_a_nameless_one_are_wrong_usage(bnconf: Command, tmp_path: Path) -> None:
    missing = bnconf("replay", "nowhere.json")
    assert missing.returncode == 2
    assert "nowhere.json cannot be read" in missing.stderr
    (tmp_path / "case.json").write_text(json.dumps(GOOD))
    nameless = bnconf("replay", "case.json")
    assert nameless.returncode == 2
    assert "names no implementation" in nameless.stderr


@pytest.mark.parametrize("named", ["exec:touch ran", "ran.py:Class", "os:getcwd", "exec:\x1b[31mtouch ran"])
def test_a_file_does_not_say_what_to_run(bnconf: Command, tmp_path: Path, named: str) -> None:
    (tmp_path / "ran.py").write_text("open('ran', 'w')")
    (tmp_path / "case.json").write_text(json.dumps(GOOD | {"implementation": named}))
    done = bnconf("replay", "case.json")
    assert done.returncode == 2
    assert "a file is not trusted to say what to run" in done.stderr and "\x1b" not in done.stderr
    assert not (tmp_path / "ran").exists()


def test_what_holds_everywhere_replays_from_any_experiment(bnconf: Command, tmp_path: Path) -> None:
    case = CaseFile("session.output", Case((4, 2), 1), "reference", "running")
    (tmp_path / "case.json").write_text(case.to_json())
    done = bnconf("replay", "case.json")
    assert done.returncode == 0 and "session.output  MUST, pass" in done.stdout


def test_a_file_may_name_an_id(bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(json.dumps(GOOD | {"implementation": "reference"}))
    assert bnconf("replay", "case.json").returncode == 0


def test_an_implementation_that_declares_less_is_told_so(bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text(json.dumps(GOOD | {"case": {"shape": [4, 2, 3], "axis": 1}}))
    example = Path(__file__).parents[2] / "examples" / "my_batch_norm.py"
    done = bnconf("replay", "case.json", f"{example}:MyBatchNorm")
    assert done.returncode == 2
    assert "declares no input of rank 3 with features along axis 1" in done.stderr
