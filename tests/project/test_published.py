"""The published comparison is whole: no row is blank, and every failure in it is accounted for.

reports/known.toml says what each failure is, by the script of a finding or in words. A failure that it does not
cover has not been looked at.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.results.baseline import Known, read_baseline
from conformance.results.model import Report
from conformance.results.reading import read

REPORTS = Path(__file__).parents[2] / "reports"
FINDINGS = REPORTS / "published" / "findings"


@pytest.fixture(scope="module")
def report() -> Report:
    return read(REPORTS / "published" / "report.json")


@pytest.fixture(scope="module")
def known() -> tuple[Known, ...]:
    return read_baseline(REPORTS / "known.toml")


def test_everybody_is_there(report: Report) -> None:
    judged = [each for each in report.implementations if each.status == "complete"]
    assert len(judged) >= 30


def test_no_row_is_blank(report: Report) -> None:
    judged = {each.implementation for each in report.results if each.cases}
    assert [i.id for i in report.implementations if i.status == "complete" and i.id not in judged] == []


def test_every_failure_is_accounted_for(report: Report, known: tuple[Known, ...]) -> None:
    unknown = [
        f"{result.implementation} {result.requirement} {dtype}"
        for result in report.results
        for dtype, each in result.by_dtype.items()
        if each.outcome.failing
        and not any(
            k.covers(result.implementation, result.requirement, dtype, result.diagnosis) for k in known
        )
    ]
    assert unknown == []


def test_nothing_is_excused(known: tuple[Known, ...]) -> None:
    assert not any(each.excused for each in known)


def test_a_finding_that_is_named_is_there(known: tuple[Known, ...]) -> None:
    named = {name for each in known for name in re.findall(r"[\w.-]+\.py", each.reason)}
    assert sorted(name for name in named if not (FINDINGS / name).is_file()) == []
