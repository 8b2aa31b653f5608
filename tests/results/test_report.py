"""The report in all its forms: valid by its schemas, and harmless whatever an implementation says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

import conformance.report
from conformance.judging.level import Level
from conformance.report.causes import causes, roots
from conformance.report.marks import FAIL, FOLLOWS, PASS
from conformance.report.renderers import junit, markdown, write
from conformance.report.words import standing
from conformance.results import model
from conformance.results.build import build
from conformance.results.model import Report
from conformance.running.campaign import Settings, Task, run_task
from tests.conftest import WRONG

SCHEMA = Path(conformance.report.__file__).parent / "schema-v1.json"
HOSTILE = "<img src=x onerror=alert(1)>|`</script>`*_[x](y)\x00\x1b[31m"


@pytest.fixture(scope="module")
def report() -> Report:
    settings = Settings(
        ("shape.*", "forward.*", "identity.*", "numerics.*"), max_examples=8, dtypes=("float32",)
    )
    tasks = [Task("reference", settings), Task(f"{WRONG}:Scalar", settings)]
    return build([run_task(task) for task in tasks], settings, started=0.0, seconds=1.0)


@pytest.fixture(scope="module")
def hostile(report: Report) -> Report:
    """The same, where every text an implementation can choose is out to do harm."""
    return replace(
        report,
        implementations=tuple(
            replace(each, framework=HOSTILE, version=HOSTILE) for each in report.implementations
        ),
        results=tuple(replace(each, message=HOSTILE, observed=HOSTILE) for each in report.results),
    )


def test_report_json_is_valid_by_the_schema_that_is_shipped(report: Report, tmp_path: Path) -> None:
    write(report, tmp_path)
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validate(json.loads((tmp_path / "report.json").read_text()), schema)
    assert schema == json.loads(json.dumps(model.schema())), "regenerate conformance/report/schema-v1.json"


def test_report_json_survives_the_round_trip(report: Report) -> None:
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


def test_every_form_is_written(report: Report, tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path).as_posix() for path in write(report, tmp_path)}
    assert {"index.html", "report.json", "summary.md", "junit.xml", "badges/reference.svg"} <= written
    assert "error-against-kappa.svg" in written
    assert "](error-against-kappa.svg)" in (tmp_path / "summary.md").read_text()


def test_what_follows_from_a_failure_elsewhere_is_told_from_it(report: Report) -> None:
    """A scalar gamma cannot be loaded with n values: nothing else of that layer was to be expected."""
    scalar = f"{WRONG}:Scalar"
    own = roots(report, scalar)
    assert standing(report.group(scalar, "shape"), own).mark is FAIL
    assert standing(report.group(scalar, "identity"), own).mark is FOLLOWS
    assert standing(report.group("reference", "identity"), roots(report, "reference")).mark is PASS
    (row,) = (line for line in markdown.render(report).splitlines() if "Scalar |" in line and "↳" in line)
    assert "❌" in row


def test_junit_has_a_test_case_for_each_requirement_and_counts_them(report: Report) -> None:
    root = ElementTree.fromstring(junit.render(report))
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            found = sum(case.find(tag) is not None for case in cases)
            assert int(suite.get(attribute, "")) == found
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert "shape.gamma" in failed


def test_junit_is_well_formed_whatever_an_implementation_says(hostile: Report) -> None:
    ElementTree.fromstring(junit.render(hostile))


def test_summary_shows_shapes_matrix_and_failures(report: Report) -> None:
    text = markdown.render(report)
    assert text.startswith("# Batch normalisation: conformance\n\n**gamma and beta should be n-vectors")
    assert "| reference | (n,) | (n,) | (n,) | (n,) |" in text
    assert "shape.gamma" in text
    assert "Smallest case:" in text
    assert "These fail because of it: " in text


def test_growth_of_errors_is_told(report: Report) -> None:
    accuracy = {(a.implementation, a.of, a.against): a for a in report.accuracy}
    assert accuracy["reference", "y", "kappa"].exceeds_at is None
    assert "## Accuracy" in markdown.render(report)


def test_summary_shows_hostile_text_as_text(hostile: Report) -> None:
    text = markdown.render(hostile)
    assert "<img" not in text.replace("\\<img", "")
    for line in text.splitlines():
        if line.startswith("| reference"):
            assert len([c for c in line.replace("\\|", "") if c == "|"]) == line.count("|") - line.count(
                "\\|"
            )


def test_summary_stays_under_64_kb(report: Report) -> None:
    failing = [r for r in report.results if r.outcome.failing]
    many = replace(
        report,
        implementations=tuple(replace(report.implementations[1], id=f"copy-{k}") for k in range(200)),
        results=tuple(replace(r, implementation=f"copy-{k}") for k in range(200) for r in failing),
    )
    text = markdown.render(many)
    assert len(text.encode()) < 64 * 1024
    assert "more failures are in report.json" in text


def test_a_consequence_is_told_with_its_cause(report: Report) -> None:
    found = {cause.result.requirement: cause for cause in causes(report)}
    assert set(found) == {"shape.gamma", "shape.beta"}
    followers = {r.requirement for r in found["shape.gamma"].followers}
    assert {"shape.per-feature", "forward.training", "identity.not-by-scalars"} <= followers


@pytest.mark.parametrize("ring", [False, True])
def test_failures_that_follow_from_each_other_have_one_cause(report: Report, ring: bool) -> None:
    """In a stranger's report there may be a thousand of them, or they may go round in a ring."""
    one = next(r for r in report.results if r.requirement == "shape.gamma" and r.outcome.failing)
    names = [f"chain.{k}" for k in range(1000)]
    earlier = [(names[-1],) if ring else (), *((name,) for name in names)]
    chain = replace(
        report,
        requirements=tuple(
            replace(report.requirements[0], id=name, presupposes=first)
            for name, first in zip(names, earlier, strict=False)
        ),
        results=tuple(replace(one, requirement=name) for name in reversed(names)),
    )
    (cause,) = causes(chain)
    assert {cause.result.requirement} == roots(chain, one.implementation) == {names[0]}
    assert len(cause.followers) == 999


def test_exit_status_follows_the_level_that_fails(report: Report) -> None:
    assert report.exit_status() == 1
    sound = replace(report, results=tuple(report.of("reference")))
    assert sound.exit_status() == sound.exit_status(strict=True) == 0
    one = next(r for r in report.results if r.requirement == "shape.gamma" and r.outcome.failing)
    should = {"float32": replace(one.by_dtype["float32"], level=Level.SHOULD)}
    weak = replace(sound, results=(*sound.results, replace(one, by_dtype=should)))
    assert weak.exit_status() == 0
    assert weak.exit_status(strict=True) == 1
    broken = replace(sound, implementations=(replace(report.implementations[0], status="broken"),))
    assert broken.exit_status() == 3
