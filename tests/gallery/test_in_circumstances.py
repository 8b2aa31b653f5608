"""Impostors that are wrong in certain circumstances only are rejected, and the report names those circumstances.

A short run puts a sample to it, in the dtypes that show it; a thorough one all of them.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import pytest

from conformance.gallery import Exhibit, in_circumstances
from conformance.implementation import DTYPES
from conformance.judging.level import Level
from conformance.results.build import build
from conformance.running.campaign import Settings, Task, run_task

EVERY = in_circumstances()
_SHORT = ("running-variance-lost-to-one-value",)


@dataclass(frozen=True)
class Seen:
    """:ivar rejected: whether a MUST failed. :ivar named: whether those circumstances, and no others, are named."""

    exhibit: Exhibit
    rejected: bool
    named: bool


def see(exhibit: Exhibit, seed: int = 0, examples: int = 100) -> Seen:
    dtypes = DTYPES if "dtype" in exhibit.circumstances else ("float32",)
    settings = Settings(("session.*",), dtypes, examples, seed)
    result = run_task(Task(exhibit.target, settings))
    report = build([result], settings, started=0.0, seconds=0.0)
    own = set(exhibit.circumstances) - {"dtype"}
    found = [
        {name for name, _ in conjunction.levels}
        for shard in result.shards
        for tally in shard.tallies
        if tally.circumstances
        for conjunction in tally.circumstances.conjunctions
    ]
    return Seen(exhibit, any(r.fails_at((Level.MUST,)) for r in report.results), own in found)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("exhibit", [e for e in EVERY if e.kind == "small"], ids=lambda each: each.id)
def test_small_faults_are_rejected_for_every_seed(exhibit: Exhibit, seed: int) -> None:
    assert see(exhibit, seed).rejected


@pytest.mark.parametrize("exhibit", [e for e in EVERY if e.id in _SHORT], ids=lambda each: each.id)
def test_a_sample_is_rejected(exhibit: Exhibit) -> None:
    assert see(exhibit, examples=40).rejected


@pytest.mark.thorough
def test_most_are_rejected_and_their_circumstances_named() -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        seen = list(pool.map(see, EVERY))
    small = [each for each in seen if each.exhibit.kind == "small"]
    two, three = ([s for s in seen if len(s.exhibit.circumstances) == k and s not in small] for k in (2, 3))
    assert [s.exhibit.id for s in (*small, *two) if not s.rejected] == []
    assert sum(s.rejected for s in three) >= 0.9 * len(three)
    assert sum(s.named for s in (*two, *three)) >= 0.8 * (len(two) + len(three))
