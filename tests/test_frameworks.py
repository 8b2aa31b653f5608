"""The adapters of real frameworks, each in a process of its own.

What a framework fails is for the report to say, not for a test to expect: here it is asked that each is
judged to the end, with no crash, hang or error that would be the adapter's own.
"""

from __future__ import annotations

import pytest

from conformance.campaign import Settings, Task, run_task
from conformance.cli._starting import install
from conformance.requirement import Outcome
from conformance.worker.locate import registered

PATTERNS = ("shape.*", "forward.*", "identity.*", "gradient.*", "running.*", "purity.round-trip")


@pytest.mark.parametrize("name", registered())
def test_an_adapter_does_what_it_declares(name: str) -> None:
    result = run_task(Task(name, Settings(PATTERNS, dtypes=("float32",), max_examples=6)))
    if result.status == "missing":
        pytest.skip(install(str(result.missing)))
    assert result.status == "complete", result.problem
    tallies = [tally for shard in result.shards for tally in shard.tallies]
    broken = {
        tally.requirement: tally.worst.message
        for tally in tallies
        if tally.worst is not None and tally.worst.outcome in (Outcome.ERROR, Outcome.CRASH, Outcome.TIMEOUT)
    }
    assert broken == {}
    judged = {t.requirement for t in tallies if t.worst and t.worst.outcome is not Outcome.UNSUPPORTED}
    assert {"forward.training", "forward.inference", "shape.output"} <= judged


@pytest.mark.parametrize("name", ["torch", "keras-tensorflow"])
def test_gamma_and_beta_are_n_vectors(name: str) -> None:
    result = run_task(Task(name, Settings(("shape.gamma", "shape.beta"), ("float32",), 12)))
    if result.status == "missing":
        pytest.skip(install(str(result.missing)))
    for shard in result.shards:
        for tally in shard.tallies:
            assert tally.worst is not None
            assert tally.worst.outcome is Outcome.PASS
            assert set(tally.observed) == {"(n,)"}
