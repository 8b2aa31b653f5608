"""How many feature experiments a second: the suite on PyTorch, beside the loop one would write by hand.

Run with `pytest tests/benchmarks --benchmark-enable -s`. The suite judges every requirement it has at the
same time; the hand-written loop judges one, within a tolerance picked by eye.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.running.campaign import Settings, Task, run_task

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[torch]'")


def by_hand(examples: int) -> int:
    """The loop one would write by hand; how many features it saw."""
    seen = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(m=st.integers(2, 32), n=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
    def check(m: int, n: int, seed: int) -> None:
        nonlocal seen
        seen += n
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((m, n)).astype(np.float32)
        gamma, beta = rng.standard_normal((2, n)).astype(np.float32)
        layer = torch.nn.BatchNorm1d(n)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(gamma))
            layer.bias.copy_(torch.tensor(beta))
            y = layer(torch.tensor(x)).numpy()
        expected = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + beta
        np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-3)

    check()
    return seen


def by_suite(examples: int) -> int:
    """All requirements on `torch` in float32; how many features were put to it."""
    result = run_task(Task("torch", Settings(max_examples=examples, dtypes=("float32",))))
    assert result.status == "complete", result.problem
    return sum(max(tally.experiments for tally in shard.tallies) for shard in result.shards)


@pytest.mark.benchmark(group="feature experiments")
@pytest.mark.parametrize("how", [by_hand, pytest.param(by_suite, marks=pytest.mark.thorough)])
def test_throughput(benchmark: Any, how: Any) -> None:
    examples = 1000 if benchmark.enabled else 5
    how(5)  # imports and first calls are not what is measured
    start = time.perf_counter()
    seen = benchmark.pedantic(how, args=(examples,), rounds=1)
    rate = seen / (time.perf_counter() - start)
    benchmark.extra_info["feature experiments per second"] = round(rate)
    assert seen > 0
    if benchmark.enabled:
        print(f"\n{how.__name__}: {seen:,} feature experiments, {rate:,.0f} a second")
