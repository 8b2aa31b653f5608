"""What are the dimensions of gamma and beta in batch norm: (n, 1) vectors or (n, m) matrices?

Vectors: one pair (gamma_k, beta_k) for each of the n features, whatever the batch size m. This file says so
in plain tests of the real Keras and PyTorch layers, with nothing of the suite's machinery but the NumPy
reference and its error bound.

The reason is the identity. Normalising takes each feature's mean and variance away, and the layer must be able
to give them back: gamma_k = sqrt(Var[x_k] + eps), beta_k = E[x_k]. These are n numbers each. One scalar for
the layer is too few, since the features' variances differ; an (n, m) matrix is too many, since then a
parameter would belong to one place in one batch.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import batch_norm_training, best_scalar_parameters, identity_parameters
from reference.error_bounds import Arithmetic, any_order, training_bound

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[torch]'")
keras = pytest.importorskip("keras", reason="needs Keras: pip install '.[tensorflow]'")

EPSILON = 1e-3
FLOAT32 = 2.0**-24  # unit roundoff

sizes = st.integers(1, 8)
batches = st.tuples(st.integers(2, 32), sizes, st.integers(0, 2**32 - 1))


def batch(m: int, n: int, seed: int) -> np.ndarray:
    """M examples of n features, each feature with a mean and a variance of its own."""
    rng = np.random.default_rng(seed)
    spread, offset = rng.uniform(0.5, 4, n), rng.uniform(-2, 2, n)
    return (rng.standard_normal((m, n)) * spread + offset).astype(np.float32)


def torch_layer(n: int) -> Any:
    return torch.nn.BatchNorm1d(n, eps=EPSILON)


def keras_layer(m: int, n: int) -> Any:
    layer = keras.layers.BatchNormalization(epsilon=EPSILON)
    layer.build((m, n))
    return layer


def apply_torch(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    layer = torch_layer(x.shape[1])
    layer.load_state_dict({"weight": torch.tensor(gamma), "bias": torch.tensor(beta)}, strict=False)
    y: np.ndarray = layer.train()(torch.tensor(x)).detach().numpy()
    return y


def apply_keras(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    layer = keras_layer(*x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    y: np.ndarray = keras.ops.convert_to_numpy(layer(x, training=True))
    return y


both = pytest.mark.parametrize("apply", [apply_torch, apply_keras], ids=["PyTorch", "Keras"])


def bound(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """How far from the exact value float32 arithmetic may end up, for each element of y."""
    wide = x.astype(np.float64)
    arithmetic = Arithmetic(FLOAT32, FLOAT32, any_order(len(x)), tiny=2.0**-126, tiny_out=2.0**-149)
    mean, var = wide.mean(axis=0), wide.var(axis=0)
    return training_bound(x, gamma, beta, mean, var, epsilon=EPSILON, axis=1, arithmetic=arithmetic)


# -- the shapes


@given(m=st.integers(2, 64), n=sizes)
def test_gamma_and_beta_are_n_vectors_whatever_the_batch(m: int, n: int) -> None:
    pytorch = torch_layer(n)
    pytorch(torch.zeros(m, n))
    assert tuple(pytorch.weight.shape) == tuple(pytorch.bias.shape) == (n,)

    layer = keras_layer(m, n)
    assert tuple(layer.gamma.shape) == tuple(layer.beta.shape) == (n,)


@given(n=sizes, height=sizes, width=sizes)
def test_images_have_one_pair_for_each_channel_not_for_each_pixel(n: int, height: int, width: int) -> None:
    pytorch = torch.nn.BatchNorm2d(n)
    pytorch(torch.zeros(2, n, height, width))
    assert tuple(pytorch.weight.shape) == (n,)

    layer = keras.layers.BatchNormalization(axis=-1)
    layer.build((2, height, width, n))
    assert tuple(layer.gamma.shape) == (n,)


# -- the outputs


@both
@given(batches, st.integers(0, 2**32 - 1))
def test_outputs_match_the_definition_within_the_bound(apply: Any, sizes: Any, seed: int) -> None:
    x = batch(*sizes)
    rng = np.random.default_rng(seed)
    gamma, beta = rng.standard_normal((2, x.shape[1])).astype(np.float32)
    exact = batch_norm_training(
        x.astype(np.float64), gamma.astype(np.float64), beta.astype(np.float64), epsilon=EPSILON, axis=1
    )
    assert np.all(np.abs(apply(x, gamma, beta) - exact.y) <= bound(x, gamma, beta))


# -- why vectors: the identity


@both
@given(batches)
def test_n_vectors_recover_the_identity(apply: Any, sizes: Any) -> None:
    x = batch(*sizes)
    mean, var = x.astype(np.float64).mean(axis=0), x.astype(np.float64).var(axis=0)
    gamma, beta = identity_parameters(mean, var, epsilon=EPSILON)
    y = apply(x, gamma.astype(np.float32), beta.astype(np.float32))
    # Rounding gamma and beta to float32 moves y by at most that much more.
    rounding = 2 * FLOAT32 * (np.abs(x - beta) + np.abs(beta))
    assert np.all(np.abs(y - x) <= bound(x, gamma, beta) + rounding)


@both
def test_one_scalar_pair_for_the_layer_cannot(apply: Any) -> None:
    """Two features, one spread ten times as wide as the other: no scalar gamma suits both."""
    x = np.array([[-1, -10], [1, 10]], dtype=np.float32)
    mean, var = x.mean(axis=0, dtype=np.float64), x.var(axis=0, dtype=np.float64)
    best = best_scalar_parameters(mean, var, epsilon=EPSILON)
    y = apply(x, np.full(2, best.gamma, np.float32), np.full(2, best.beta, np.float32))
    assert best.residual > 20  # mean squared error: (1 - 5.5)^2 = 4.5^2, and (10 - 5.5)^2
    assert np.mean((y - x) ** 2) == pytest.approx(best.residual, rel=1e-5)

    by_vectors = apply(x, np.sqrt(var + EPSILON).astype(np.float32), mean.astype(np.float32))
    assert by_vectors == pytest.approx(x, rel=1e-6)


@given(m=st.integers(2, 16), n=st.integers(1, 8))
def test_an_n_by_m_matrix_is_refused(m: int, n: int) -> None:
    matrix = np.ones((n, m), dtype=np.float32)
    with pytest.raises(RuntimeError, match="size mismatch"):
        torch_layer(n).load_state_dict({"weight": torch.tensor(matrix)}, strict=False)
    with pytest.raises(ValueError, match="shape"):
        keras_layer(m, n).gamma.assign(matrix)


@both
def test_the_pair_of_a_feature_touches_that_feature_alone(apply: Any) -> None:
    x = batch(16, 4, seed=1)
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    before = apply(x, ones, zeros)
    third = np.array([0, 0, 1, 0], dtype=np.float32)
    scaled, shifted = apply(x, ones + third, zeros), apply(x, ones, third)
    assert np.array_equal(scaled[:, [0, 1, 3]], before[:, [0, 1, 3]])
    assert np.array_equal(shifted[:, [0, 1, 3]], before[:, [0, 1, 3]])
    assert scaled[:, 2] == pytest.approx(2 * before[:, 2], rel=1e-6)
    assert shifted[:, 2] == pytest.approx(before[:, 2] + 1, rel=1e-6)
