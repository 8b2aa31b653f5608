"""What an exact value and its bound cost, beside the layer they judge: PyTorch's own training forward.

Run with `OMP_NUM_THREADS=1 pytest tests/benchmarks --benchmark-enable`; the column in brackets is the ratio. The
oracle is called once for every call of an implementation, so it must not be the slow part: both the reference,
in float64 and with the widening of its input, and the bound aim at 1.5 times PyTorch in float32. What the
allocator does weighs as much as the arithmetic: the reference takes 26 MB of fresh memory, PyTorch 6. With
MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ set to some gigabytes, memory is kept, and the arithmetic is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conformance.judging.arithmetic import arithmetic
from reference import batch_norm_training
from reference.error_bounds import training_bound

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[torch]'")

SHAPE = (64, 32, 28, 28)
N_FEATURES, COUNT, EPSILON = 32, 64 * 28 * 28, 1e-5
LAYER: Any = {"epsilon": EPSILON, "axis": 1}

Step = Callable[[], NDArray[Any]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def layer() -> Step:
    """PyTorch's training forward, float32."""
    x, gamma, beta = (torch.from_numpy(each.astype(np.float32)) for each in arrays())

    def step() -> NDArray[Any]:
        y = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)
        return np.asarray(y.numpy())

    return step


def reference() -> Step:
    """The exact value of the same: float32 data, judged in float64."""
    x, gamma, beta = arrays()

    def step() -> NDArray[Any]:
        return np.asarray(batch_norm_training(x.astype(np.float64), gamma, beta, **LAYER).y)

    return step


def bound() -> Step:
    """How far from it a sound implementation may be."""
    x, gamma, beta = arrays()
    _, mean, var = batch_norm_training(x.astype(np.float64), gamma, beta, **LAYER)
    granted = arithmetic("float32", COUNT)

    def step() -> NDArray[Any]:
        return training_bound(x, gamma, beta, mean, var, **LAYER, arithmetic=granted)

    return step


def arrays() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    draw = np.random.default_rng(0)
    return draw.standard_normal(SHAPE, np.float32), draw.standard_normal(N_FEATURES), np.ones(N_FEATURES)


@pytest.mark.benchmark(group=f"training forward, {SHAPE}, one thread")
@pytest.mark.parametrize("step", [layer, reference, bound], ids=["torch", "reference", "bound"])
def test_speed(benchmark: Any, step: Callable[[], Step]) -> None:
    result = benchmark.pedantic(step(), rounds=100, warmup_rounds=5)
    assert result.shape == SHAPE
    assert np.isfinite(result).all()
