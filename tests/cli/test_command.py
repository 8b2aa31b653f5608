"""The command: what it says, what it writes, how it exits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.results.model import Report
from conformance.version import __version__
from conformance.worker.locate import registered
from tests.conftest import Command, first_of_each

Wrong = Callable[[str], str]
FEW = ("--max-examples", "16")


def failing(report: Path) -> set[str]:
    """Requirements that do not hold, whatever their level."""
    results = Report.from_json(report.read_bytes()).results
    return {r.requirement for r in results if r.outcome.failing}


# -- what a wrong answer to the question fails


@pytest.mark.parametrize(
    ("name", "caught_by"),
    [
        ("Scalar", {"shape.gamma", "shape.beta", "shape.per-feature", "identity.not-by-scalars"}),
        pytest.param(
            "Matrix",
            {"shape.gamma", "shape.beta", "shape.independent-of-batch"},
            marks=pytest.mark.thorough,
        ),
        ("EpsilonOutside", {"forward.epsilon"}),
    ],
)
def test_wrong_layers_fail(
    bnconf: Command, wrong: Wrong, tmp_path: Path, name: str, caught_by: set[str]
) -> None:
    done = bnconf("run", wrong(name), *FEW, "-o", "out")
    assert done.returncode == 1
    assert caught_by <= failing(tmp_path / "out" / "report.json")


def test_each_requirement_catches_its_own_impostor_alone(bnconf: Command, wrong: Wrong) -> None:
    for name, requirement in [
        ("Scalar", "shape.gamma"),
        ("Scalar", "shape.per-feature"),
        ("Scalar", "identity.not-by-scalars"),
        ("Matrix", "shape.independent-of-batch"),
        ("EpsilonOutside", "forward.epsilon"),
    ]:
        assert bnconf("run", wrong(name), *FEW, "-r", requirement).returncode == 1, (name, requirement)


def test_the_reference_holds(bnconf: Command) -> None:
    done = bnconf("run", "reference", *FEW)
    assert done.returncode == 0, done.stdout
    assert "gamma and beta are n-vectors, one pair for each feature, in reference." in done.stdout
    assert ": 0 MUST and " in done.stdout or "everything holds" in done.stdout


# -- what it says


def test_a_failure_names_cause_case_and_what_follows(bnconf: Command, wrong: Wrong) -> None:
    said = bnconf("run", wrong("EpsilonOutside"), *FEW, "-r", "forward.*").stdout
    assert "forward.training  MUST, fail in float32, at worst" in said
    assert "x     = [[" in said
    assert "gamma = [1]" in said
    assert "these fail because of it: forward.normalised" in " ".join(said.split())


def test_scalars_are_called_by_their_shape(bnconf: Command, wrong: Wrong) -> None:
    said = bnconf("run", wrong("Scalar"), *FEW, "-r", "shape.gamma").stdout
    assert "gamma and beta should be n-vectors" in said
    assert "gamma has shape () for 2 features" in said


def test_an_adapter_that_builds_nothing_is_told_so(bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from conformance.implementation import Capabilities\n"
        "class Broken:\n"
        "    name, version, capabilities = 'broken', '1', Capabilities()\n"
        "    def build(self, config): raise RuntimeError('no such kernel')\n"
    )
    done = bnconf("run", "broken.py:Broken", *FEW, "-r", "shape.*", "-r", "forward.training")
    assert done.returncode == 1
    assert "build raised RuntimeError: no such kernel" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


def test_profile_shows_where_the_time_went(bnconf: Command) -> None:
    said = bnconf("run", "reference", *FEW, "-r", "forward.training", "--profile").stdout
    for part in ("generation", "wire", "implementation", "judging"):
        assert part in said


def test_requirements(bnconf: Command) -> None:
    catalogue = json.loads(bnconf("requirements", "--json").stdout)
    assert {"shape.gamma", "forward.training", "identity.not-by-scalars", "numerics.bound"} <= {
        each["id"] for each in catalogue
    }
    assert all(each["statement"] and each["source"] and each["level"] for each in catalogue)
    assert bnconf("--version").stdout.strip().endswith(__version__)


@pytest.mark.thorough
def test_list_of_everything(bnconf: Command) -> None:
    """Each that is installed is started."""
    listed = json.loads(bnconf("list", "--start", "--json").stdout)
    assert {each["id"] for each in listed} == set(registered())
    (reference,) = (each for each in listed if each["id"] == "reference")
    assert "float32" in reference["capabilities"]["dtypes"]


def test_a_folder_holds_the_cases_of_the_last_report_alone(
    bnconf: Command, wrong: Wrong, tmp_path: Path
) -> None:
    cases = tmp_path / "out" / "cases"
    for requirement in ("shape.gamma", "shape.beta"):
        bnconf("run", wrong("Scalar"), *FEW, "-r", requirement, "-o", "out")
        (cases / "mine.txt").write_text("not the suite's")
        assert {path.name for path in cases.rglob("*") if path.is_file()} == {
            f"{requirement}.json",
            "mine.txt",
        }


# -- how it exits


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "no-such-thing"), "no implementation 'no-such-thing'"),
        (("run", "missing.py:Layer"), "no file 'missing.py'"),
        (("run", "reference", "-r", "shape.gama"), "no requirement matches 'shape.gama'"),
        (("run", "reference", "--dtype", "float8"), "float8"),
        (("run", "reference", "--max-examples", "0"), "--max-examples"),
        (("run", "reference", "--timeout", "nan"), "nan is not a number of seconds"),
        (("run", "reference", "--memory", str(1 << 70)), "'--memory'"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_expected(
    bnconf: Command, arguments: tuple[str, ...], said: str
) -> None:
    done = bnconf(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_what_cannot_start_is_3(bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import a_package_nobody_has\n")
    done = bnconf("run", "broken.py:Layer")
    assert done.returncode == 3
    assert "a_package_nobody_has" in done.stderr


@pytest.mark.parametrize(
    "named", first_of_each(["broken.py:Layer", "exec:a-program-nobody-has"], lambda _: "name")
)
def test_a_report_that_is_no_gate_lists_what_is_not_installed(
    bnconf: Command, tmp_path: Path, named: str
) -> None:
    (tmp_path / "broken.py").write_text("import a_package_nobody_has\n")
    options = (*FEW, "-r", "shape.gamma", "-o", "out")
    assert bnconf("run", "reference", named, *options, "--exit-zero").returncode == 0
    assert f"| {named} |  | not installed |" in (tmp_path / "out" / "summary.md").read_text()
    assert bnconf("run", "reference", named, *options).returncode == 3


def test_exit_zero_is_for_reports_not_for_gates(bnconf: Command, wrong: Wrong) -> None:
    assert bnconf("run", wrong("Scalar"), *FEW, "-r", "shape.gamma", "--exit-zero").returncode == 0
    assert bnconf("run", "no-such-thing", "--exit-zero").returncode == 2


# -- reproducibility


@pytest.mark.parametrize(
    "patterns",
    [("shape.*", "forward.*", "numerics.variance"), pytest.param(("*",), marks=pytest.mark.thorough)],
    ids=["some", "all"],
)
def test_same_seed_same_report_with_any_number_of_jobs(
    bnconf: Command, wrong: Wrong, tmp_path: Path, patterns: tuple[str, ...]
) -> None:
    reports = []
    options = [*FEW, "--seed", "7", *(part for pattern in patterns for part in ("-r", pattern))]
    for name, jobs in (("a", "1"), ("b", "1"), ("c", "2")):
        bnconf("run", "reference", wrong("EpsilonOutside"), *options, "--jobs", jobs, "-o", name)
        report = json.loads((tmp_path / name / "report.json").read_text())
        del report["suite"]["started"], report["suite"]["seconds"]
        reports.append(report)
    assert reports[0] == reports[1] == reports[2]
