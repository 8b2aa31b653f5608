"""The catalogue as a whole, and the diagnosis of what fails it."""

from __future__ import annotations

import re

import pytest

from conformance.diagnosis.deviations import FORWARD, GRADIENT
from conformance.requirements import GROUPS
from conformance.requirements.catalogue import catalogue
from conformance.results.build import build
from conformance.results.model import Result
from conformance.running.campaign import Settings, Task, run_task
from tests.conftest import WRONG


def results(name: str, *patterns: str, dtype: str = "float32", seed: int = 0) -> dict[str, Result]:
    chosen = Settings(patterns, max_examples=24, dtypes=(dtype,), seed=seed)
    report = build([run_task(Task(name, chosen))], chosen, started=0.0, seconds=0.0)
    return {each.requirement: each for each in report.results}


def test_every_requirement_is_told_in_full() -> None:
    for each in catalogue():
        assert re.fullmatch(r"[a-z]+\.[a-z-]+", each.id)
        assert each.group in GROUPS
        assert each.statement.endswith(".")
        assert each.source
        assert each.probes


def test_what_is_presupposed_is_in_the_catalogue() -> None:
    known = {each.id for each in catalogue()}
    assert {name for each in catalogue() for name in each.presupposes} <= known


def test_patterns_select_and_those_that_match_nothing_are_refused() -> None:
    assert {each.group for each in catalogue(("shape.*",))} == {"shape"}
    with pytest.raises(ValueError, match="no requirement matches 'shapes"):
        catalogue(("shapes.*",))


def test_deviations_have_names_of_their_own() -> None:
    keys = [each.key for each in (*FORWARD, *GRADIENT)]
    assert len(keys) == len(set(keys))


def test_epsilon_outside_the_root_is_called_by_its_name() -> None:
    failing = results(f"{WRONG}:EpsilonOutside", "forward.epsilon", "forward.training")
    for each in failing.values():
        assert each.diagnosis is not None
        assert "epsilon added outside the square root" in each.diagnosis


def test_epsilon_held_in_float32_is_sound_wherever_it_shows() -> None:
    """Also where the parameters were computed for the epsilon that was given."""
    found = results("conformance.gallery.sound:Float32Epsilon", "identity.*", "forward.*", dtype="float64")
    assert {name: each.outcome for name, each in found.items() if each.outcome.failing} == {}


def test_verdicts_do_not_depend_on_the_seed() -> None:
    """Not even of a variance that cancels, which is right or wrong by how far the mean is off."""
    found = [
        {
            name: each.outcome
            for name, each in results(
                f"{WRONG}:OnePass", "forward.*", "invariance.*", "numerics.*", seed=seed
            ).items()
        }
        for seed in range(4)
    ]
    assert {name for name, outcome in found[0].items() if outcome.failing} >= {
        "numerics.bound",
        "numerics.conditioning",
    }
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cancellation_in_double_precision_is_not_taken_for_single_precision(dtype: str) -> None:
    diagnosis = results(f"{WRONG}:OnePass", "numerics.conditioning", dtype=dtype)[
        "numerics.conditioning"
    ].diagnosis
    assert diagnosis is not None
    assert "E[x^2] - E[x]^2" in diagnosis
    assert "in float32" not in diagnosis


def test_conventions_are_measured_not_assumed() -> None:
    observed = {name: each.observed for name, each in results("reference", "running.*").items()}
    assert observed["running.momentum"] == "momentum is the weight kept"
    assert observed["running.variance"] == "biased"


def test_many_experiments_on_the_reference_raise_no_alarm() -> None:
    """The same with --max-examples 1000 is 10^5 feature experiments in each of float32 and float16."""
    settings = Settings(("shape.*", "forward.*", "identity.*", "numerics.bound"), ("float32", "float16"), 80)
    result = run_task(Task("reference", settings))
    tallies = [tally for shard in result.shards for tally in shard.tallies]
    assert sum(tally.experiments for tally in tallies) > 100_000
    assert [t.worst for t in tallies if t.failures] == []
