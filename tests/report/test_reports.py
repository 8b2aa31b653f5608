"""Reports read again, compared with one another, and as badges."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.report.renderers import badges, write
from conformance.results import model
from conformance.results.build import build
from conformance.results.diff import changes
from conformance.results.model import DtypeResult, Report, Result
from conformance.results.reading import BadReport, read
from conformance.running.campaign import Settings, Task, run_task
from tests.conftest import WRONG, Command

HOSTILE = "<img src=x onerror=alert(1)>&\"'"


@pytest.fixture(scope="module")
def report() -> Report:
    settings = Settings(("shape.*", "forward.*", "numerics.variance"), ("float32",), max_examples=8)
    tasks = [Task("reference", settings), Task(f"{WRONG}:Scalar", settings)]
    return build([run_task(task) for task in tasks], settings, started=0.0, seconds=1.0)


class TestReading:
    def test_a_report_written_again_is_the_same(self, report: Report, tmp_path: Path) -> None:
        first = {p.relative_to(tmp_path / "a"): p.read_text() for p in write(report, tmp_path / "a")}
        again = read(tmp_path / "a" / "report.json")
        assert {p.relative_to(tmp_path / "b"): p.read_text() for p in write(again, tmp_path / "b")} == first

    def test_what_is_infinite_stays_so(self, report: Report, tmp_path: Path) -> None:
        some = report.results[0]
        lost = replace(report, results=(replace(some, worst_ratio=model.INFINITE),))
        path = tmp_path / "report.json"
        path.write_bytes(lost.to_json())
        assert read(path).results[0].worst_ratio == model.INFINITE

    @pytest.mark.parametrize(
        ("broken", "says"),
        [
            (lambda text: text[: len(text) // 2], "cut short"),
            (lambda text: "", "cut short"),
            (lambda text: "not json", "not JSON"),
            (lambda text: "[" * 100_000, "is not"),
            (lambda text: "[1, 2]", "Expected `object`"),
            (lambda text: text.replace('"requirement": "shape.', '"requirement": "shapes.'), "not among its"),
            (lambda text: text.replace('"dtype": "float32"', '"dtype": "float33"'), "'float33'"),
            (lambda text: "{}", "schema_version"),
            (lambda text: text.replace('"schema_version": 1', '"schema_version": 7'), "version 7"),
            (lambda text: text.replace('"seed": 0', '"seed": "zero"', 1), "Expected `int`, got `str`"),
            (lambda text: text.replace('"outcome": "pass"', '"outcome": "fine"', 1), "Invalid enum"),
        ],
    )
    def test_what_is_none_is_refused_with_the_reason(
        self, report: Report, tmp_path: Path, broken: Any, says: str
    ) -> None:
        path = tmp_path / "report.json"
        path.write_text(broken(report.to_json().decode()))
        with pytest.raises(BadReport, match=says) as refused:
            read(path)
        assert str(path) in str(refused.value)

    def test_a_huge_file_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        with path.open("wb") as file:
            file.truncate(500 << 20)
        with pytest.raises(BadReport, match="larger than a report, which has at most 32 MiB"):
            read(path)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadReport, match="No such file"):
            read(tmp_path / "nothing.json")


class TestDiff:
    def changed(self, report: Report, requirement: str, **fields: Any) -> Report:
        def other(result: Result) -> Result:
            own = (result.implementation, result.requirement) == ("reference", requirement)
            return replace(result, **fields) if own else result

        return replace(report, results=tuple(other(result) for result in report.results))

    def failing(self, report: Report, requirement: str) -> Report:
        by_dtype = {"float32": DtypeResult(Outcome.FAIL, 2.0, Level.MUST)}
        return self.changed(report, requirement, outcome=Outcome.FAIL, by_dtype=by_dtype)

    def test_nothing_changes_of_itself(self, report: Report) -> None:
        assert changes(report, report) == []

    def test_what_fails_anew_is_worse_and_the_other_way_better(self, report: Report) -> None:
        broken = self.failing(report, "forward.training")
        (worse,) = changes(report, broken)
        (better,) = changes(broken, report)
        assert (worse.kind, worse.implementation, worse.requirement) == (
            "worse", "reference", "forward.training",
        )  # fmt: skip
        assert worse.after == "fail in float32"
        assert better.kind == "better"

    def test_another_convention_is_a_change(self, report: Report) -> None:
        (change,) = changes(report, self.changed(report, "shape.gamma", observed="(n, 1)"))
        assert (change.kind, change.before, change.after) == ("changed", "(n,)", "(n, 1)")

    def test_implementations_come_and_go(self, report: Report) -> None:
        less = replace(report, implementations=report.implementations[:1])
        assert [each.kind for each in changes(report, less)] == ["gone"]
        assert [each.kind for each in changes(less, report)] == ["new"]

    def test_command_exits_with_1_on_worse_alone(
        self, report: Report, bnconf: Command, tmp_path: Path
    ) -> None:
        (tmp_path / "old.json").write_bytes(report.to_json())
        (tmp_path / "new.json").write_bytes(self.failing(report, "forward.training").to_json())
        worse, better = bnconf("diff", "old.json", "new.json"), bnconf("diff", "new.json", "old.json")
        assert (worse.returncode, better.returncode) == (1, 0)
        assert "forward.training" in worse.stdout

    def test_command_says_what_is_no_report(self, bnconf: Command, tmp_path: Path) -> None:
        (tmp_path / "old.json").write_text(json.dumps({"schema_version": 9}))
        done = bnconf("diff", "old.json", "old.json")
        assert done.returncode == 2
        assert "version 9" in done.stderr
        assert "Traceback" not in done.stderr


def test_command_writes_a_report_again(report: Report, bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(report.to_json())
    assert bnconf("report", "report.json", "-o", "again").returncode == 0
    assert (tmp_path / "again" / "report.json").read_bytes().strip() == report.to_json().strip()
    assert (tmp_path / "again" / "index.html").exists()


def test_badges_say_how_many_hold_and_are_well_formed(report: Report) -> None:
    hostile = replace(report.implementations[0], id=HOSTILE, status=HOSTILE)
    found = badges.forms(replace(report, implementations=(*report.implementations, hostile)))
    assert len(found) == 3
    assert " of " in found["badges/reference.svg"]
    for name, text in found.items():
        assert "/" not in name.removeprefix("badges/")
        assert ElementTree.fromstring(text).tag.endswith("svg")


def test_what_a_killed_process_left_is_taken_away_and_nothing_of_anybody_else(
    report: Report, tmp_path: Path
) -> None:
    for name in (".bnconf-4194305-x", ".bnconf-notes"):  # Linux has no process of so high a number.
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    write(report, tmp_path)
    assert [path.name for path in tmp_path.glob(".bnconf-*")] == [".bnconf-notes"]
