"""A judging process that dies costs what it had at hand twice, and nothing else. The implementations kill it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.running.campaign import Settings, TaskResult
from conformance.running.parallel import run_all
from tests.conftest import HANGS, Command
from tests.processes import needs_proc
from tests.running.test_campaign import hostile, timeless

pytestmark = needs_proc

#: Two experiments in each of two dtypes.
SETTINGS = Settings(
    ("forward.training", "forward.normalised"), ("float32", "float64"), max_examples=4, timeout=HANGS
)
INNOCENT = (hostile("Sound"), hostile("FlipsNegativeGamma"))


@pytest.fixture(scope="module")
def innocent() -> list[str]:
    """What comes of those that kill nobody, among themselves."""
    return list(map(timeless, run_all(list(INNOCENT), SETTINGS, jobs=2)[0]))


def beside_others(name: str, jobs: int, innocent: list[str]) -> TaskResult:
    """The result of one that is judged between two others, whose results are as ever."""
    first, second = INNOCENT
    results, interrupted = run_all([first, hostile(name), second], SETTINGS, jobs=jobs)
    assert not interrupted
    assert [timeless(results[0]), timeless(results[2])] == innocent
    return results[1]


def dtypes(result: TaskResult) -> set[str]:
    return {shard.dtype for shard in result.shards}


class TestKilled:
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_once_nothing_is_lost(
        self, jobs: int, innocent: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        result = beside_others("KillsItsJudgeOnce", jobs, innocent)
        assert (tmp_path / "killed").exists()
        assert result.status == "complete" and result.problem == ""
        (note,) = result.notes
        assert note.startswith("the process that judged it died (signal SIGKILL) at ")
        assert note.endswith("; that was tried again")
        expected, _ = run_all([hostile("KillsItsJudgeOnce")], SETTINGS, jobs=1)
        assert [tally for shard in result.shards for tally in map(repr, shard.tallies)] == [
            tally for shard in expected[0].shards for tally in map(repr, shard.tallies)
        ]

    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.thorough)])
    def test_in_one_dtype_the_others_are_kept(self, jobs: int, innocent: list[str]) -> None:
        result = beside_others("KillsItsJudgeInFloat64", jobs, innocent)
        assert result.status == "lost"
        assert dtypes(result) == {"float32"}
        assert "nothing was judged in float64" in result.problem and "in float32" not in result.problem
        assert result.identity is not None and result.coverage is None

    @pytest.mark.thorough
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_always_ends_before_long(self, jobs: int, innocent: list[str]) -> None:
        """At the third death in each dtype."""
        result = beside_others("KillsItsJudge", jobs, innocent)
        assert result.status == "lost" and result.shards == ()
        assert "also when that was tried again: that is missing" in result.problem
        for dtype in SETTINGS.dtypes:
            assert f"the third time in {dtype}: the rest of {dtype} is missing" in result.problem
        assert "nothing was judged in float32, float64" in result.problem

    @pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.thorough), 2])
    def test_at_the_start_it_is_given_up(self, jobs: int, innocent: list[str]) -> None:
        result = beside_others("KillsItsJudgeInInit", jobs, innocent)
        assert result.status == "lost" and result.shards == () and result.identity is None
        assert result.problem.startswith(
            "the process that judged it died (signal SIGKILL) when it began, also "
        )


@pytest.mark.thorough
def test_the_words_are_the_same_with_any_number_of_jobs() -> None:
    (one,), _ = run_all([hostile("KillsItsJudgeInFloat64")], SETTINGS, jobs=1)
    (two,), _ = run_all([hostile("KillsItsJudgeInFloat64")], SETTINGS, jobs=2)
    assert one.status == "lost" and timeless(one) == timeless(two)


def test_every_form_of_the_report_says_so(bnconf: Command, tmp_path: Path) -> None:
    name = hostile("KillsItsJudgeInFloat64")
    options = ("--dtype", "float32", "--dtype", "float64", "--max-examples", "4", "--jobs", "1", "-o", "out")
    done = bnconf("run", name, "-r", "forward.training", *options)
    assert done.returncode == 3
    said = "the process that judged it died (signal SIGKILL) at training in float64, also when that was tried again"
    assert f"{name}: a process that judged it died, 1 shard, 0 failing verdicts" in done.stderr
    assert f"{name}: {said}: that is missing" in done.stderr
    for form in ("report.json", "index.html", "summary.md", "junit.xml"):
        assert said in (tmp_path / "out" / form).read_text().replace("\\", ""), form
    (badge,) = (tmp_path / "out" / "badges").iterdir()
    assert "1 of 1 hold, not all judged" in badge.read_text()


@pytest.mark.thorough
def test_several_judged_side_by_side_are_tried_one_by_one(innocent: list[str]) -> None:
    names = [INNOCENT[0], hostile("KillsItsJudgeInFloat64"), INNOCENT[1]]
    results, _ = run_all(names, SETTINGS, jobs=1, together=3)
    assert [r.status for r in results] == ["complete", "lost", "complete"]
    assert [timeless(results[0]), timeless(results[2])] == innocent
