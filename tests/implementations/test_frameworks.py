"""The adapters of real frameworks, each in a process of its own.

What a framework fails is for the report to say, not for a test to expect: here it is asked that each is
judged to the end, with no crash, hang or error that would be the adapter's own. A short run takes one of each
framework.
"""

from __future__ import annotations

import pytest

from conformance.judging.verdict import Outcome
from conformance.running.campaign import Settings, Task, run_task
from conformance.worker.locate import registered
from conformance.worker.packages import remedy
from tests.conftest import HANGS, first_of_each, first_word

PATTERNS = ("shape.*", "forward.*", "identity.*", "gradient.*", "running.*", "purity.round-trip")


#: Each takes long, and so is tried where little is asked of it.
SLOW = ("conformance.implementations.keras:KerasOpenVino", "torch-compile")


# Those that compile for long have tests of their own: tests/test_jax_frameworks.py and tests/test_keras_forms.py.
NAMES = [
    name
    for name in registered()
    if not name.startswith(("flax", "haiku", "equinox")) and not name.endswith("-jit") and name not in SLOW
]


# Of Keras, the backend that takes least long comes first.
@pytest.mark.parametrize(
    "name", first_of_each(sorted(NAMES, key=lambda name: name != "keras-numpy"), first_word)
)
def test_an_adapter_does_what_it_declares(name: str) -> None:
    result = run_task(Task(name, Settings(PATTERNS, dtypes=("float32",), max_examples=6, timeout=HANGS)))
    if result.status == "missing":
        pytest.skip(remedy(str(result.missing), name))
    assert result.status == "complete", result.problem
    tallies = [tally for shard in result.shards for tally in shard.tallies]
    broken = {
        tally.requirement: tally.worst.message
        for tally in tallies
        if tally.worst is not None and tally.worst.outcome in (Outcome.ERROR, Outcome.CRASH, Outcome.TIMEOUT)
    }
    assert broken == {}
    judged = {t.requirement for t in tallies if t.worst and t.worst.outcome is not Outcome.UNSUPPORTED}
    assert result.identity is not None
    modes = ("training", "inference")
    declared = {f"forward.{mode}" for mode in modes if getattr(result.identity.capabilities, mode)}
    assert declared
    assert {*declared, "shape.output"} <= judged


@pytest.mark.parametrize("name", ["torch", "torch-script", "torch-channels-last", "keras-tensorflow"])
def test_gamma_and_beta_are_n_vectors(name: str) -> None:
    result = run_task(Task(name, Settings(("shape.gamma", "shape.beta"), ("float32",), 12, timeout=HANGS)))
    if result.status == "missing":
        pytest.skip(remedy(str(result.missing), name))
    for shard in result.shards:
        for tally in shard.tallies:
            assert tally.worst is not None
            assert tally.worst.outcome is Outcome.PASS
            assert set(tally.observed) == {"(n,)"}


@pytest.mark.thorough
@pytest.mark.parametrize("name", SLOW)
def test_an_adapter_that_takes_long_normalises(name: str) -> None:
    result = run_task(Task(name, Settings(("forward.no-affine",), ("float32",), 1, timeout=HANGS)))
    if result.status == "missing":
        pytest.skip(remedy(str(result.missing), name))
    assert result.status == "complete", result.problem
    verdicts = [tally.worst for shard in result.shards for tally in shard.tallies if tally.worst is not None]
    assert verdicts
    assert [v.message for v in verdicts if v.outcome not in (Outcome.PASS, Outcome.FAIL)] == []
