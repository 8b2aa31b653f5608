"""The error bounds have teeth: the classic mistakes, E[x^2] - E[x]^2 first, exceed them by far."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.judging.level import Level
from tests.reference.algorithms import (
    SOUND,
    Experiment,
    Moments,
    Sum,
    alike,
    blocked,
    centred,
    one_pass,
    pairwise,
    sequential,
    textbook_backward,
    two_pass,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")


@pytest.mark.parametrize("kappa", [1e2, 1e3, 1e4, 1e5])
@pytest.mark.parametrize("total", [sequential, pairwise, blocked], ids=lambda f: f.__name__)
def test_one_pass_variance_is_out_of_bounds_from_kappa_100_on(kappa: float, total: Sum) -> None:
    """At level MUST, whose sums may err the most, and by however careful a sum the two moments are taken."""
    it = Experiment(alike(64, kappa=kappa))
    mean, var = one_pass(total)(it.x)
    assert it.ratio_of_output(centred(it.x, mean, var, it.gamma, it.beta, it.epsilon)) > 3
    assert it.ratios_of_statistics(mean, var)[1] > 1.5


def test_the_excess_of_one_pass_variance_grows_with_kappa() -> None:
    """Its error grows with kappa squared and the bound with kappa; that of two passes keeps its distance."""

    def ratios(moments: Moments) -> list[float]:
        found = []
        for kappa in (1e1, 1e2, 1e3):
            it = Experiment(alike(64, kappa=kappa))
            found.append(it.ratio_of_output(centred(it.x, *moments(it.x), it.gamma, it.beta, it.epsilon)))
        return found

    ten, hundred, thousand = ratios(one_pass(sequential))
    assert hundred > 4 * ten
    assert thousand > 4 * hundred
    sound = ratios(two_pass(sequential))
    assert max(sound) < 0.5


def test_epsilon_outside_the_root_is_out_of_bounds_where_the_variance_is_near_epsilon() -> None:
    it = Experiment(alike(64, epsilon=1e-3, scale=1e-3**0.5))
    mean, var = SOUND["two-pass, pairwise"](it.x)
    root = np.sqrt(var) + it.epsilon
    assert it.ratio_of_output((it.x - mean) / root) > 1e4


@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
@pytest.mark.parametrize("count", [2, 16, 256])
def test_unbiased_variance_is_out_of_bounds(count: int, epsilon: float) -> None:
    it = Experiment(alike(count, epsilon=epsilon))
    mean, var = SOUND["two-pass, pairwise"](it.x)
    unbiased = var * np.float32(count / (count - 1))
    assert it.ratio_of_output(centred(it.x, mean, unbiased, it.gamma, it.beta, it.epsilon)) > 100
    assert it.ratios_of_statistics(mean, unbiased)[1] > 50


def test_float16_statistics_are_out_of_bounds_at_should() -> None:
    """At MUST they are allowed: half precision that computes in half precision is not wrong, only careless."""
    for level, verdict in ((Level.MUST, False), (Level.SHOULD, True)):
        it = Experiment(alike(32, dtype="float16", kappa=10.0), level)
        mean, var = SOUND["two-pass, sequential"](it.x)
        y = centred(it.x, mean, var, it.gamma, it.beta, it.epsilon)
        assert (it.ratio_of_output(y) > 5) is verdict


def test_backward_without_the_statistics_terms_is_out_of_bounds() -> None:
    """dx = gamma / s * dy is the gradient with fixed statistics, not that of training."""
    it = Experiment(alike(64))
    sound = textbook_backward(it, SOUND["two-pass, pairwise"], pairwise)
    inverse = 1 / np.sqrt(it.exact.var + float(it.epsilon))
    careless = [(it.dy * inverse).astype(np.float32), sound.gamma, sound.beta]
    dx, dgamma, dbeta = it.ratios_of_gradients(careless)
    assert dx > 1e3
    assert max(dgamma, dbeta) <= 1
