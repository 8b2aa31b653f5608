"""Names of files for ids: short, readable, the same each time, and unique on any file system."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report.naming import named, named_module
from conformance.report.renderers import badges, cases
from conformance.requirements.catalogue import catalogue
from conformance.results.build import build
from conformance.results.model import Report
from conformance.running.campaign import Settings, Task, run_task
from conformance.worker.locate import registered
from tests.conftest import WRONG

LONG = "exec:" + "./build/" * 500 + "my-program --fast"
ALIKE = ["norms/a.py:Norm", "norms-a.py:Norm", "norms/a.py:norm", "exec:norms/a.py Norm", "norms/A.py:Norm"]


def test_ids_of_the_suite_and_of_requirements_stay_as_they_are() -> None:
    ids = [*registered(), *(each.id for each in catalogue())]
    assert [name for name in ids if named(name) != name] == []


def test_others_are_readable_and_have_a_digest() -> None:
    name = named("examples/my_batch_norm.py:MyBatchNorm")
    assert re.fullmatch(r"examples-my_batch_norm\.py-MyBatchNorm-[a-z2-7]{20}", name)
    assert re.fullmatch(r".*my-program-fast-[a-z2-7]{20}", named(LONG))


def test_a_name_is_the_same_in_every_report() -> None:
    """Whoever links to a badge relies on it."""
    assert named("my_norm.py:MyNorm") == "my_norm.py-MyNorm-mf6hlnu3xrubess2xtqf"


@pytest.mark.parametrize(
    "name", [LONG, "con", "NUL.txt", "", ".", "..", "a/../../b", "é", "x" * 300, "a.", "~", "-r"]
)
def test_any_file_system_takes_it(name: str) -> None:
    found = named(name)
    assert len(found) < 64 and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9]", found)
    assert found.partition(".")[0].lower() not in ("con", "nul")


@given(st.lists(st.text("aA-_./:1f", max_size=14), unique=True, max_size=40))
def test_no_two_are_alike_even_without_regard_to_case(names: list[str]) -> None:
    names = [*names, *map(named, names)]  # A name that was made here may itself be an id.
    unique = set(names)
    assert len({named(name).lower() for name in unique}) == len(unique)
    assert len({named_module(name).lower() for name in unique}) == len(unique)


@given(st.text(max_size=20))
def test_a_module_can_be_imported(name: str) -> None:
    assert f"port_{named_module(name)}".isidentifier()


@pytest.fixture(scope="module")
def report() -> Report:
    settings = Settings(("shape.gamma",), ("float32",), max_examples=8)
    return build([run_task(Task(f"{WRONG}:Scalar", settings))], settings, started=0.0, seconds=1.0)


def test_each_implementation_has_files_of_its_own(report: Report) -> None:
    """A case file of another would replay that one."""
    (one,), (failed,) = report.implementations, report.results
    names = [*ALIKE, LONG]
    many = replace(
        report,
        implementations=tuple(replace(one, id=name) for name in names),
        results=tuple(replace(failed, implementation=name) for name in names),
    )
    found = cases.forms(many)
    assert len(found) == len(badges.forms(many)) == len(names)
    assert len({file.lower() for file in found}) == len(names)
    for name in names:
        assert sum(f'"implementation": "{name}"' in text for text in found.values()) == 1
