"""Keras' layer with a mask, over replicas and compiled, and its relatives, by the definition of batch norm."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.implementation import Array, LayerConfig
from conformance.protocol.messages import Answer, Backward, Build, Forward, Load, Parameters
from conformance.worker.client import Worker
from conformance.worker.process import CannotStart
from tests.conftest import HANGS, first_of_each

RANDOM = np.random.default_rng(0)
GAMMA, BETA = np.array([[0.5, 2, -1], [1, 0, 3]], np.float32)
EXTRAS = {"keras-torch": "torch", "keras-jax": "jax", "tf-keras": "tf-keras", "sonnet": "sonnet"}


def asked(name: str, config: LayerConfig, x: Array, dy: Array, mask: Array | None = None) -> list[Answer]:
    """Parameters after one step of training, y and the gradients."""
    calls = (
        Build(config),
        Load({"gamma": GAMMA, "beta": BETA}),
        Forward(x, True, mask=mask),
        Backward(dy),
        Parameters(),
    )
    try:
        with Worker(name, timeout=HANGS) as worker:
            answers = worker.run(calls).answers
    except CannotStart as error:
        if error.missing is None:
            raise
        extra = next((extra for prefix, extra in EXTRAS.items() if name.startswith(prefix)), "tensorflow")
        pytest.skip(f"needs the Python package {error.missing}: pip install '.[{extra}]'")
    assert all(isinstance(answer, Answer) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Answer)][2:]


def check(answers: list[Answer], x: Array, dy: Array, counts: Array) -> None:
    """x and dy are (m, n); the rows that count make the statistics, and alone have a gradient."""
    forward, backward, held = answers
    part = x[counts].astype(float)
    mean, std = part.mean(axis=0), np.sqrt(part.var(axis=0) + 1e-5)
    normalised = (x - mean) / std
    np.testing.assert_allclose(forward.arrays["y"], GAMMA * normalised + BETA, atol=1e-5)
    back = dy[counts] - dy[counts].mean(axis=0)
    back = back - normalised[counts] * (dy * normalised)[counts].mean(axis=0)
    np.testing.assert_allclose(backward.arrays["x"][counts], GAMMA / std * back, atol=1e-5)
    np.testing.assert_allclose(backward.arrays["gamma"].ravel(), (dy * normalised).sum(axis=0), atol=1e-5)
    np.testing.assert_allclose(backward.arrays["beta"].ravel(), dy.sum(axis=0), atol=1e-5)
    for k in ("", "@1"):
        if f"running_mean{k}" in held.arrays:
            factor = 1 if held.arrays["running_mean"].ndim > 1 else 0.25  # Sonnet takes the bias off
            np.testing.assert_allclose(held.arrays[f"running_mean{k}"].ravel(), factor * mean, atol=1e-6)


def form(name: str) -> str:
    """Of the layer, on whatever backend: compiled, over replicas, or plain."""
    return name.rpartition("-")[2] if name.endswith(("-jit", "-sync", "-replica", "-renorm")) else ""


@pytest.mark.parametrize(
    "name",
    first_of_each(
        ["keras-tensorflow", "keras-torch", "keras-jax", "keras-tensorflow-jit", "keras-jax-jit"], form
    ),
)
def test_statistics_are_those_of_the_positions_that_count(name: str) -> None:
    x, dy = RANDOM.normal(size=(2, 6, 3)).astype(np.float32)
    mask = np.array([True, True, False, True, False, True])
    dy[~mask] = 0
    config = LayerConfig((6, 3), -1, "float32", momentum=0.75)
    check(asked(name, config, x, dy, mask), x, dy, mask)


@pytest.mark.parametrize(
    ("name", "samples"),
    first_of_each(
        [
            ("keras-tensorflow-sync", 5),
            ("keras-tensorflow-sync", 6),
            ("tf-keras-sync", 5),
            ("tf-keras-sync", 6),
            ("sonnet-cross-replica", 6),
        ],
        lambda each: each[0],
    ),
)
def test_every_replica_normalises_by_the_statistics_of_the_whole(name: str, samples: int) -> None:
    x, dy = RANDOM.normal(size=(2, samples, 3)).astype(np.float32)
    config = LayerConfig((samples, 3), -1, "float32", momentum=0.75, replicas=2)
    answers = asked(name, config, x, dy)
    assert "running_mean@1" in answers[2].arrays
    check(answers, x, dy, np.ones(samples, bool))


@pytest.mark.parametrize(
    "name",
    first_of_each(
        ["keras-tensorflow-jit", "keras-jax-jit", "keras-tensorflow-renorm", "tf-keras-renorm"], form
    ),
)
def test_training_normalises_by_the_batch(name: str) -> None:
    x, dy = RANDOM.normal(size=(2, 6, 3)).astype(np.float32)
    for eager in (False, True):
        config = LayerConfig((6, 3), -1, "float32", momentum=0.75, eager=eager)
        check(asked(name, config, x, dy), x, dy, np.ones(6, bool))
