"""The adapters of JAX's libraries. A JAX that has nothing compiled yet takes its time, so each gets the tiny calls of
``bnconf smoke``, in every dtype, rank, axis and mode it declares, and what is compiled one call more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from conformance.implementation import LayerConfig
from conformance.protocol.messages import Answer, Build, Call, Forward, Load, Parameters
from conformance.smoke.smoke import smoke
from conformance.worker.client import Worker
from conformance.worker.process import CannotStart
from tests.conftest import HANGS, first_of_each, first_word

EXTRAS = {
    "flax-linen": "flax",
    "flax-linen-two-pass": "flax",
    "flax-nnx": "flax",
    "haiku": "haiku",
    "equinox": "equinox",
    "equinox-ema": "equinox",
}
COMPILED = [f"{name}-jit" for name in EXTRAS if name != "equinox-ema"]


@contextmanager
def started(name: str) -> Iterator[Worker]:
    try:
        with Worker(name, timeout=HANGS) as worker:
            yield worker
    except CannotStart as error:
        if error.missing is None:
            raise
        extra = EXTRAS[name.removesuffix("-jit")]
        pytest.skip(f"needs the Python package {error.missing}: pip install '.[{extra}]'")


def asked(name: str, *calls: Call) -> list[Answer]:
    with started(name) as worker:
        answers = worker.run(calls).answers
    assert all(isinstance(answer, Answer) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Answer)]


# What is compiled of each library is tested below, in a short run too.
@pytest.mark.parametrize("name", first_of_each(EXTRAS, lambda _: "library of JAX's"))
def test_an_adapter_does_what_it_declares(name: str) -> None:
    with started(name) as worker:
        problems = smoke(worker).problems
    if name == "equinox-ema":  # Which is what is wrong with it.
        (found,) = problems
        assert "training=True) gives y by the statistics that were loaded" in found.text
    else:
        assert problems == ()


@pytest.mark.thorough
def test_over_replicas_a_layer_without_gamma_keeps_vectors() -> None:
    """``jax.pmap`` splits what comes after an empty argument along another axis."""
    config = replace(CONFIG, input_shape=(8, 3), scale=False, center=False, replicas=4)
    x = np.arange(24, dtype=np.float32).reshape(8, 3)
    *_, held = asked("flax-linen", Build(config), Forward(x, True), Parameters())
    assert held.arrays["running_mean"].shape == held.arrays["running_mean@3"].shape == (3,)


CONFIG = LayerConfig((2, 3), 1, "float32", momentum=0.75)
X = np.array([[-1, 0, 2], [1, 4, 8]], np.float32)


@pytest.mark.parametrize("name", first_of_each(COMPILED, first_word))
def test_every_batch_is_normalised_by_its_own_statistics(name: str) -> None:
    *_, y = asked(name, Build(CONFIG), Forward(X + 10, True), Forward(X, True))
    np.testing.assert_allclose(y.arrays["y"], [[-1, -1, -1], [1, 1, 1]], atol=1e-3)


def test_equinox_in_its_mode_ema_normalises_by_running_statistics() -> None:
    first, second = asked("equinox-ema-jit", Build(CONFIG), Forward(X, True), Forward(X + 4, True))[1:]
    np.testing.assert_allclose(first.arrays["y"], [[-1, -1, -1], [1, 1, 1]], atol=1e-3)
    # 4 more than the first batch, a quarter of which has gone into the mean.
    np.testing.assert_allclose(second.arrays["y"].mean(axis=0), np.divide(3, [1, 2, 3]), atol=1e-3)


@pytest.mark.parametrize("name", ["flax-nnx", "haiku", "equinox-ema"])
def test_statistics_that_were_loaded_move_on_from_there(name: str) -> None:
    given = {"running_mean": np.full(3, 5, np.float32), "running_var": np.full(3, 9, np.float32)}
    calls = (Build(CONFIG), Load(given), Parameters(), Forward(X, True), Parameters())
    _, _, before, _, after = asked(name, *calls)
    for held, factor, batch in (("running_mean", 5, X.mean(axis=0)), ("running_var", 9, X.var(axis=0))):
        np.testing.assert_array_equal(before.arrays[held].ravel(), np.full(3, factor))
        expected = 0.75 * factor + 0.25 * batch
        np.testing.assert_allclose(after.arrays[held].ravel(), expected, rtol=1e-6)


@pytest.mark.parametrize("name", first_of_each(["flax-linen", "flax-nnx", "haiku"], first_word))
def test_over_replicas_a_batch_is_normalised_as_a_whole(name: str) -> None:
    """The two samples are in two replicas; each by itself would be normalised to 0."""
    config = replace(CONFIG, replicas=2)
    _, y, held = asked(name, Build(config), Forward(X, True), Parameters())
    np.testing.assert_allclose(y.arrays["y"], [[-1, -1, -1], [1, 1, 1]], atol=1e-3)
    np.testing.assert_array_equal(held.arrays["running_mean@1"], held.arrays["running_mean"])


@pytest.mark.parametrize("name", first_of_each(["flax-linen", "flax-nnx"], first_word))
def test_with_a_mask_only_what_counts_is_counted(name: str) -> None:
    x = np.concatenate([X, np.full((2, 3), 100, np.float32)])
    counts = np.array([True, True, False, False])
    _, y = asked(name, Build(replace(CONFIG, input_shape=x.shape)), Forward(x, True, mask=counts))
    np.testing.assert_allclose(y.arrays["y"][:2], [[-1, -1, -1], [1, 1, 1]], atol=1e-3)


def test_what_is_compiled_can_be_had_eager() -> None:
    both = [Build(replace(CONFIG, eager=eager), layer=int(eager)) for eager in (False, True)]
    *_, compiled, eager = asked("haiku-jit", *both, Forward(X, True), Forward(X, True, layer=1))
    np.testing.assert_allclose(compiled.arrays["y"], eager.arrays["y"], rtol=1e-5)
