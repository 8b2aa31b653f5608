"""The gamma and beta with which batch normalisation gives back its input.

This is why gamma and beta are n-vectors: "we make sure that the transformation inserted in the network can
represent the identity transform" (Ioffe and Szegedy, section 3), and each feature has a variance and a mean
of its own to restore.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from reference.batch_norm import Array
from reference.double_double import DoubleDouble


class ScalarFit(NamedTuple):
    """The best that one scalar pair for the whole layer can do; ``residual`` is the mean squared error left."""

    gamma: float
    beta: float
    residual: float


def identity_parameters(mean: Array, var: Array, *, epsilon: float) -> tuple[Any, Any]:
    """(gamma, beta) = (sqrt(var + epsilon), mean), each (n,): the layer's output is then its input.

    With the paper's gamma = sqrt(var), ``epsilon=0`` here, it is off by what epsilon adds to the variance.

    :raises ValueError: mean and var are not n-vectors of one length, or epsilon is no finite number >= 0.
    """
    if mean.ndim != 1 or mean.shape != var.shape:
        raise ValueError(
            f"mean and var must be n-vectors of one length; they have shapes {mean.shape} and {var.shape}"
        )
    if not 0 <= epsilon < math.inf:
        raise ValueError(f"epsilon must be a finite number >= 0; it is {epsilon}")
    if isinstance(var, DoubleDouble):
        return (var + epsilon).sqrt(), mean
    return np.sqrt(var + np.asarray(epsilon, dtype=var.dtype)), mean


def best_scalar_parameters(mean: Array, var: Array, *, epsilon: float) -> ScalarFit:
    """The scalars gamma and beta, shared by all features, that bring the output closest to the input.

    Least squares over every value of every feature. With s = sqrt(var + epsilon), r = var / s^2 the mean
    square of xhat, and x = mean + s xhat, the minimum of mean((gamma xhat + beta - x)^2) is at
    beta = average of the means, gamma = sum(r s) / sum(r). The residual is zero only where all features
    have the same mean and the same variance.
    """
    scale, offset = (np.asarray(p, np.float64) for p in identity_parameters(mean, var, epsilon=epsilon))
    power = np.asarray(var, np.float64) / scale**2
    beta = float(offset.mean())
    gamma = float((power * scale).sum() / power.sum()) if power.any() else 1.0
    residual = float(np.mean((offset - beta) ** 2 + power * (scale - gamma) ** 2))
    return ScalarFit(gamma, beta, residual)
