"""The reference on the examples that other specifications publish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from reference import (
    DoubleDouble,
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
    update_running_statistics,
)
from tests.reference.batches import (
    Array,
    float64,
)

STABLEHLO_X = np.array([[[1.0, 2.0], [3.0, 4.0]], [[3.0, 4.0], [1.0, 2.0]]])
STABLEHLO_Y = [[[0.0, 0.0], [2.0, 2.0]], [[2.0, 2.0], [0.0, 0.0]]]
STABLEHLO: Any = {"epsilon": 0.0, "axis": 2}

each_precision = pytest.mark.parametrize(
    "lift",
    [lambda x: x, lambda x: x.astype(np.float32), DoubleDouble],
    ids=["float64", "float32", "double-double"],
)


@each_precision
def test_stablehlo_example_of_batch_norm_training(lift: Callable[[Array], Any]) -> None:
    """openxla/stablehlo, docs/spec.md, batch_norm_training."""
    y, mean, var = batch_norm_training(lift(STABLEHLO_X), np.ones(2), np.ones(2), **STABLEHLO)
    assert_array_equal(float64(y), STABLEHLO_Y)
    assert_array_equal(float64(mean), [2.0, 3.0])
    assert_array_equal(float64(var), [1.0, 1.0])


@each_precision
def test_stablehlo_example_of_batch_norm_inference(lift: Callable[[Array], Any]) -> None:
    """openxla/stablehlo, docs/spec.md, batch_norm_inference."""
    one, mean = np.ones(2), np.array([2.0, 3.0])
    y = batch_norm_inference(lift(STABLEHLO_X), one, one, mean, one, **STABLEHLO)
    assert_array_equal(float64(y), STABLEHLO_Y)


@each_precision
def test_stablehlo_example_of_batch_norm_grad(lift: Callable[[Array], Any]) -> None:
    """openxla/stablehlo, docs/spec.md, batch_norm_grad."""
    one, mean = np.ones(2), np.array([2.0, 3.0])
    dx, dgamma, dbeta = batch_norm_grad(
        lift(STABLEHLO_X), one, mean, one, lift(np.full((2, 2, 2), 0.1)), **STABLEHLO
    )
    assert_allclose(float64(dx), np.zeros((2, 2, 2)), atol=1e-7)
    assert_allclose(float64(dgamma), [0.0, 0.0], atol=1e-7)
    assert_allclose(float64(dbeta), [0.4, 0.4], rtol=1e-6)


ONNX_X = np.array([[[[-1.0, 0.0, 1.0]], [[2.0, 3.0, 4.0]]]])
ONNX_SCALE, ONNX_BIAS = np.array([1.0, 1.5]), np.array([0.0, 1.0])
ONNX_MEAN, ONNX_VAR = np.array([0.0, 3.0]), np.array([1.0, 1.5])
ONNX: Any = {"epsilon": 1e-5, "axis": 1}


@each_precision
def test_onnx_example_of_inference(lift: Callable[[Array], Any]) -> None:
    """ONNX operator documentation, BatchNormalization, test_batchnorm_example: s (x - mean) / sqrt(var) + bias."""
    y = batch_norm_inference(lift(ONNX_X), ONNX_SCALE, ONNX_BIAS, ONNX_MEAN, ONNX_VAR, **ONNX)
    expected = [[[[-0.999995, 0.0, 0.999995]], [[-0.22474076, 1.0, 2.22474076]]]]
    assert_allclose(float64(y), expected, rtol=1e-6)


@each_precision
def test_onnx_example_of_training(lift: Callable[[Array], Any]) -> None:
    """ONNX opset 14 and 15, test_batchnorm_example_training_mode: momentum 0.9 weighs the old, variance biased."""
    y, mean, var = batch_norm_training(lift(ONNX_X), ONNX_SCALE, ONNX_BIAS, **ONNX)
    assert_allclose(float64(mean), [0.0, 3.0], atol=1e-7)
    assert_allclose(float64(var), [2 / 3, 2 / 3], rtol=1e-6)
    step = 1.2247357
    expected = [[[[-step, 0.0, step]], [[1 - 1.5 * step, 1.0, 1 + 1.5 * step]]]]
    assert_allclose(float64(y), expected, rtol=1e-6, atol=1e-7)
    output_mean, output_var = update_running_statistics(
        (ONNX_MEAN, ONNX_VAR), (mean, var), count=3, momentum=0.9, momentum_weighs="old", variance="biased"
    )
    assert_allclose(float64(output_mean), [0.0, 3.0], rtol=1e-6, atol=1e-7)
    assert_allclose(float64(output_var), [0.9 + 0.2 / 3, 1.35 + 0.2 / 3], rtol=1e-6)
