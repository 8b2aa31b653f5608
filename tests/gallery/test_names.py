"""A name stands only on a failure that it reproduces, also where a layer has two defects at once."""

from __future__ import annotations

import pytest

from conformance.running.campaign import Settings, Task, run_task
from tests.gallery import two_defects

_ABOUT = (*two_defects.OUTPUTS, "gradient.gamma", "gradient.beta", "gradient.input", "running.update")
_SHORT = ("BetaNegatedAndGradientMean",)


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(each.__name__, marks=[] if each.__name__ in _SHORT else pytest.mark.thorough)
        for each in two_defects.EVERY
    ],
)
def test_each_defect_is_named_where_it_is_the_cause(layer: str) -> None:
    settings = Settings(_ABOUT, ("float32", "float64"), max_examples=40)
    result = run_task(Task(f"tests.gallery.two_defects:{layer}", settings))
    given: dict[str, set[str]] = {}
    for tally in (tally for shard in result.shards for tally in shard.tallies):
        if tally.diagnosis is not None and tally.diagnosis.key:
            given.setdefault(tally.requirement, set()).add(tally.diagnosis.key)
    true = getattr(two_defects, layer).names
    assert {name: keys for name, keys in given.items() if keys != {true.get(name)}} == {}
    assert given.keys() >= set(two_defects.OUTPUTS) & true.keys()
