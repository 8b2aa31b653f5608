"""What the suite is worth: every impostor is rejected and rightly named, no sound variant is accused.

A short run puts a sample to it. A thorough one puts both galleries to it, and ``bnconf self-check`` the same on more
experiments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import pytest

from conformance.diagnosis.deviations import FORWARD, GRADIENT, RUNNING
from conformance.diagnosis.finding import HALF, NARROWED, ONE_PASS, ONE_PASS_CLIPPED
from conformance.gallery import Exhibit, exhibits
from conformance.implementation import DTYPES
from conformance.report.self_check import markdown
from conformance.requirements.catalogue import catalogue
from conformance.running.campaign import Settings, Task, run_task, run_together
from conformance.studies.self_check import Rejection, SelfCheck, self_check

DOCS = Path(__file__).resolve().parents[2] / "docs"
EVERY = exhibits()


def sample(step: int) -> tuple[Exhibit, ...]:
    """The first exhibit of every module of the galleries, and every so many further on."""
    return tuple(each for _, within in groupby(EVERY, module) for each in list(within)[::step])


def module(exhibit: Exhibit) -> str:
    return exhibit.target.partition(":")[0]


@dataclass(frozen=True)
class Look:
    """A look at the galleries, and what has to come of it at least."""

    among: tuple[Exhibit, ...]
    examples: int
    experiments: int
    named: int
    dtypes: tuple[str, ...] = DTYPES

    @cached_property
    def check(self) -> SelfCheck:
        return self_check(
            Settings(dtypes=self.dtypes, max_examples=self.examples),
            experiments=self.experiments,
            among=self.among,
            jobs=2,
        )


LOOKS = {
    "sample": Look(sample(40), examples=8, experiments=4_000, named=4, dtypes=("float32", "float64")),
    "everything": Look(EVERY, examples=40, experiments=1_000_000, named=80),
}


@pytest.fixture(scope="module", params=["sample", pytest.param("everything", marks=pytest.mark.thorough)])
def look(request: pytest.FixtureRequest) -> Look:
    return LOOKS[request.param]


def test_a_sample_is_of_every_module_and_kind() -> None:
    assert {each.kind for each in sample(40)} == {each.kind for each in EVERY}
    assert {module(each) for each in sample(40)} == {module(each) for each in EVERY}


def test_every_impostor_is_rejected(look: Look) -> None:
    rejections = look.check.rejections
    assert [each.exhibit for each in rejections] == [each for each in look.among if not each.sound]
    # Mixed precision takes half precision, which a sample leaves out; tests/requirements/test_declared.py has those.
    shown = {each.kind for each in EVERY} - (set() if "float16" in look.dtypes else {"mixed"})
    assert [e.exhibit.id for e in rejections if not e.caught_by and e.exhibit.kind in shown] == []


def test_requirements_of_every_group_reject_some(look: Look) -> None:
    groups = {name.partition(".")[0] for each in look.check.rejections for name in each.caught_by}
    every = {each.id.partition(".")[0] for each in catalogue()}
    assert groups <= every
    # A sample need not have one of each.
    assert len(groups) >= len(every) - (3 if look is LOOKS["sample"] else 0)


def test_no_sound_variant_is_accused(look: Look) -> None:
    assert look.check.sound == sum(each.sound for each in look.among) > 0
    assert look.check.experiments >= look.experiments
    assert list(look.check.accusations) == []
    assert list(look.check.problems) == []


def test_most_impostors_are_called_by_their_name_and_none_by_another(look: Look) -> None:
    rejections = look.check.rejections
    wrong = [(each.exhibit.id, each.diagnoses) for each in rejections if each.diagnosed == "wrong"]
    assert wrong == []
    assert sum(each.diagnosed == "right" for each in rejections) >= look.named


def test_one_that_survives_or_is_accused_is_not_passed_over() -> None:
    impostor = next(each for each in EVERY if not each.sound)
    caught = Rejection(impostor, ("shape.gamma",), 1, ())
    assert SelfCheck((caught,), (), 0, 0, ()).holds
    assert not SelfCheck((Rejection(impostor, (), 9, ()),), (), 0, 0, ()).holds
    assert not SelfCheck((Rejection(impostor, ("shape.gamma",), 1, ("beta-ignored",)),), (), 0, 0, ()).holds
    assert not SelfCheck((caught,), (), 0, 0, ("it does not start",)).holds


@pytest.mark.parametrize(
    ("diagnoses", "named"),
    [
        ((), "none"),
        (("epsilon-missing",), "right"),
        (("epsilon-missing|epsilon-squared",), "right"),
        (("epsilon-squared",), "wrong"),
        (("epsilon-missing", "gamma-ignored"), "wrong"),
    ],
)
def test_a_name_has_to_hold_for_every_failure(diagnoses: tuple[str, ...], named: str) -> None:
    exhibit = next(each for each in EVERY if each.deviation == "epsilon-missing")
    assert Rejection(exhibit, ("forward.epsilon",), 1, diagnoses).diagnosed == named


def test_names_are_of_deviations_there_are() -> None:
    known = {each.key for each in (*FORWARD, *GRADIENT, *RUNNING, NARROWED, HALF, ONE_PASS, ONE_PASS_CLIPPED)}
    for exhibit in EVERY:
        own = set(filter(None, exhibit.deviation.replace("+", " ").split()))
        measured = {name for name in own if re.fullmatch(r"momentum-fixed-0\.\d+", name)}
        assert own - measured <= known, exhibit.id


def test_judged_side_by_side_as_one_by_one() -> None:
    """Also where one is rejected before the others, or takes other shapes, or does not start."""
    settings = Settings(("forward.*", "running.update"), ("float32", "float64"), 8, until_rejected=True)
    names = [_target(i) for i in ("pairwise-sums", "epsilon-missing", "channels-second-only", "beta-ignored")]
    names.insert(2, "conformance.gallery.sound:NoSuchClass")
    together = run_together(names, settings)
    for result, name in zip(together, names, strict=True):
        alone = run_task(Task(name, settings))
        assert (result.implementation, result.status) == (alone.implementation, alone.status)
        assert [s.tallies for s in result.shards] == [s.tallies for s in alone.shards]


def _target(id: str) -> str:
    return next(each.target for each in EVERY if each.id == id)


def test_document_says_what_came_of_each(look: Look) -> None:
    text = markdown(look.check, "bnconf self-check", 1.0)
    assert all(each.id in text for each in look.among if not each.sound)
    assert all(f"| {each.id} |" in text for each in catalogue())


# -- the documentation keeps up with the galleries and the catalogue


@pytest.fixture(scope="module")
def results() -> str:
    return (DOCS / "self-check-results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("exhibit", [each for each in EVERY if each.fails], ids=lambda each: each.id)
def test_one_that_is_there_for_a_requirement_fails_it(exhibit: Exhibit) -> None:
    settings = Settings((exhibit.fails,), max_examples=40, until_rejected=True)
    result = run_task(Task(exhibit.target, settings))
    assert any(tally.failures for shard in result.shards for tally in shard.tallies), result.problem


#: What came of one that names a requirement is measured above; the next `bnconf self-check` takes it into the table.
_IN_THE_TABLE = [each for each in EVERY if not each.sound and not each.fails]


@pytest.mark.parametrize("exhibit", _IN_THE_TABLE, ids=lambda each: each.id)
def test_results_hold_every_impostor(exhibit: Exhibit, results: str) -> None:
    assert f"| {exhibit.id} |" in results or f"| [{exhibit.id}]({exhibit.link}) |" in results


def test_every_requirement_is_needed_or_explained(results: str) -> None:
    """It alone rejects some impostor, or one is there for it, or docs/self-check.md says what it is for."""
    explained = (DOCS / "self-check.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in results.splitlines() if line.startswith("| ")]
    alone = {cells[0].removeprefix("| ") for cells in rows if len(cells) == 4 and cells[3].strip(" |")}
    there = alone | {each.fails for each in EVERY}
    missing = [r.id for r in catalogue() if r.id not in there and f"`{r.id}`" not in explained]
    assert not missing, (
        f"no impostor shows that {', '.join(missing)} can fail: add one to a module impostors_*.py of "
        f"conformance/gallery, with fails = {missing[0]!r}; docs/extending.md shows one"
    )
