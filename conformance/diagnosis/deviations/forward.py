"""Wrong outputs: the definition with its parameters, statistics, divisor or affine map replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from conformance.diagnosis.deviations.deviation import Deviation, Parts
from conformance.protocol.codec import numpy_dtype

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Folded:
    """One call, folded to (before, n, after) in float64, with n-vectors shaped (n, 1).

    :ivar x, dy: input and, for a gradient, upstream gradient.
    :ivar mean, var: the statistics of the batch; :ivar given: those the layer was given, if any.
    :ivar last: the statistics of the training call before this one, if there was one.
    :ivar dtype: that of x.
    :ivar batch_first: whether the samples lie along the first axis of the fold, and not the last.
    """

    x: Float64
    gamma: Float64
    beta: Float64
    mean: Float64
    var: Float64
    given: tuple[Float64, Float64] | None
    last: tuple[Float64, Float64] | None
    epsilon: float
    dtype: str
    training: bool
    batch_first: bool
    samples: int
    dy: Float64 | None = None


class Statistics(Protocol):
    def __call__(self, s: Folded) -> tuple[Any, Any]: ...


# -- the definition, part by part


def _parameters(s: Folded) -> tuple[Any, Any]:
    return s.gamma, s.beta


def statistics(s: Folded) -> tuple[Any, Any]:
    if s.training or s.given is None:
        return s.mean, s.var
    return s.given


def _divisor(var: Any, epsilon: float) -> Any:
    return np.sqrt(var + epsilon)


def _affine(xhat: Any, gamma: Any, beta: Any) -> Any:
    return gamma * xhat + beta


DEFINITION: Parts = {
    "parameters": _parameters,
    "statistics": statistics,
    "divisor": _divisor,
    "affine": _affine,
}


def output(s: Folded, deviation: Deviation) -> Float64:
    """y of a deviation, (before, n, after)."""
    parts = DEFINITION | deviation.parts
    with np.errstate(all="ignore"):
        gamma, beta = parts["parameters"](s)
        mean, var = parts["statistics"](s)
        xhat = (s.x - mean) / parts["divisor"](var, s.epsilon)
        y: Float64 = parts["affine"](xhat, gamma, beta)
        return np.broadcast_to(y, s.x.shape)


# -- statistics over something else than the feature


def _over(axes: tuple[int, ...]) -> Statistics:
    def over(s: Folded) -> tuple[Any, Any]:
        if not s.training:
            return statistics(s)
        return s.x.mean(axis=axes, keepdims=True), s.x.var(axis=axes, keepdims=True)

    return over


def _batch_axis_only(s: Folded) -> tuple[Any, Any]:
    return _over((0,) if s.batch_first else (2,))(s)


def _per_instance(s: Folded) -> tuple[Any, Any]:
    """Over the places of one sample."""
    return _over((2,) if s.batch_first else (0,))(s)


def _per_sample(s: Folded) -> tuple[Any, Any]:
    """Over the features and places of one sample, as in layer normalisation."""
    return _over((1, 2) if s.batch_first else (0, 1))(s)


def _unbiased(s: Folded) -> tuple[Any, Any]:
    mean, var = statistics(s)
    count = s.x.shape[0] * s.x.shape[2]
    return (mean, var * count / max(1, count - 1)) if s.training else (mean, var)


def _given_in_training(s: Folded) -> tuple[Any, Any]:
    return s.given if s.given is not None else (np.zeros_like(s.mean), np.ones_like(s.var))


def _in_half(s: Folded) -> tuple[Any, Any]:
    mean, var = statistics(s)
    half = numpy_dtype("bfloat16" if s.dtype == "bfloat16" else "float16")
    rounded = [np.asarray(v).astype(half).astype(np.float64) for v in (mean, var)]
    return rounded[0], rounded[1]


def _about_running_mean(s: Folded) -> tuple[Any, Any]:
    mean, var = statistics(s)
    centre = s.given[0] if s.given is not None else np.zeros_like(mean)
    return mean, var + (mean - centre) ** 2 if s.training else var


def _about_zero(s: Folded) -> tuple[Any, Any]:
    mean, var = statistics(s)
    return mean, var + mean**2


def _uncentred(s: Folded) -> tuple[Any, Any]:
    mean, var = statistics(s)
    return np.zeros_like(mean), var


def _given_as(f: Callable[[Any, float], Any]) -> Statistics:
    """Inference that takes the variance it was given for something else."""

    def taken(s: Folded) -> tuple[Any, Any]:
        mean, var = statistics(s)
        return (mean, var) if s.training else (mean, f(var, s.epsilon))

    return taken


def _in_chunks(rows: int) -> Statistics:
    """Those of every so many samples by themselves."""

    def statistics_of(s: Folded) -> tuple[Any, Any]:
        if not s.training:
            return statistics(s)
        along = 0 if s.batch_first else 2
        x = np.moveaxis(s.x, along, 0)  # samples first, and places within them where the features come last
        chunk = np.arange(x.shape[0]) * s.samples // x.shape[0] // rows
        first = np.flatnonzero(np.diff(chunk, prepend=-1))
        within = 2 if s.batch_first else 1

        def average(v: Any) -> Any:
            count = np.diff(first, append=len(v)).reshape(-1, 1, 1) * v.shape[within]
            return (np.add.reduceat(v, first).sum(axis=within, keepdims=True) / count)[chunk]

        mean = average(x)
        return np.moveaxis(mean, 0, along), np.moveaxis(average((x - mean) ** 2), 0, along)

    return statistics_of


def _of_index_modulo(block: int) -> Callable[[Folded], tuple[Any, Any]]:
    def parameters(s: Folded) -> tuple[Any, Any]:
        taken = np.arange(len(s.gamma)) % block
        return s.gamma[taken], s.beta[taken]

    return parameters


def _through(activation: Callable[[Any], Any]) -> Parts:
    return {"affine": lambda xhat, gamma, beta: activation(gamma * xhat + beta)}


def _all_alike(which: int, how: Callable[[Any], Any]) -> Callable[[Folded], tuple[Any, Any]]:
    """gamma (0) or beta (1) the same number for every feature."""

    def parameters(s: Folded) -> tuple[Any, Any]:
        both = [s.gamma, s.beta]
        both[which] = np.full_like(both[which], how(both[which]))
        return both[0], both[1]

    return parameters


FORWARD: tuple[Deviation, ...] = (
    Deviation(
        "epsilon-outside-root",
        "with epsilon added outside the square root, sqrt(var) + epsilon",
        {"divisor": lambda var, eps: np.sqrt(var) + eps},
    ),
    Deviation("epsilon-missing", "without epsilon", {"divisor": lambda var, eps: np.sqrt(var)}),
    Deviation(
        "epsilon-squared", "with epsilon squared", {"divisor": lambda var, eps: np.sqrt(var + eps * eps)}
    ),
    Deviation(
        "epsilon-added-twice",
        "with epsilon added twice",
        {"divisor": lambda var, eps: np.sqrt(var + 2 * eps)},
    ),
    Deviation(
        "epsilon-inside-and-outside",
        "with epsilon added to the variance and once more to its root",
        {"divisor": lambda var, eps: np.sqrt(var + eps) + eps},
    ),
    Deviation(
        "epsilon-as-floor",
        "with epsilon as the least value of the variance, max(var, epsilon)",
        {"divisor": lambda var, eps: np.sqrt(np.maximum(var, eps))},
    ),
    Deviation(
        "epsilon-rounded-to-half",
        "with epsilon rounded to float16",
        {"divisor": lambda var, eps: np.sqrt(var + float(np.float16(eps)))},
    ),
    *(
        Deviation(
            f"epsilon-fixed-{fixed:g}",
            f"with epsilon {fixed:g} in place of the one it was told",
            {"divisor": lambda var, eps, fixed=fixed: np.sqrt(var + fixed)},
        )
        for fixed in (1e-3, 1e-5)
    ),
    Deviation(
        "standard-deviation-not-variance",
        "divided by var + epsilon instead of its square root",
        {"divisor": lambda var, eps: var + eps},
    ),
    Deviation(
        "multiplied-by-deviation",
        "multiplied by the standard deviation instead of divided",
        {"divisor": lambda var, eps: 1 / np.sqrt(var + eps)},
    ),
    Deviation(
        "no-normalisation",
        "without normalising at all",
        {
            "divisor": lambda var, eps: np.ones_like(var),
            "statistics": lambda s: (np.zeros_like(s.mean), s.var),
        },
    ),
    Deviation(
        "variance-not-divided-out",
        "centred, but not divided by the standard deviation",
        {"divisor": lambda var, eps: np.ones_like(var)},
    ),
    Deviation(
        "variance-unbiased", "with the unbiased variance in the normalisation", {"statistics": _unbiased}
    ),
    Deviation(
        "stats-per-sample",
        "with statistics over each sample, as layer normalisation",
        {"statistics": _per_sample},
    ),
    Deviation(
        "stats-per-layer", "with one mean and variance for all features", {"statistics": _over((0, 1, 2))}
    ),
    Deviation(
        "stats-per-instance",
        "with statistics over each sample's places, as instance normalisation",
        {"statistics": _per_instance},
    ),
    Deviation(
        "stats-batch-axis-only",
        "with statistics over the batch axis only, a mean and variance for every place",
        {"statistics": _batch_axis_only},
    ),
    *(
        Deviation(
            f"statistics-of-chunks-{rows}",
            f"with statistics of every {rows} samples by themselves",
            {"statistics": _in_chunks(rows)},
        )
        for rows in (2, 4, 8, 16, 32, 64, 128)
    ),
    Deviation(
        "running-stats-in-training",
        "with the running statistics in training",
        {"statistics": _given_in_training},
    ),
    Deviation(
        "stale-statistics",
        "with the statistics of the batch before",
        {"statistics": lambda s: s.last if s.training and s.last else statistics(s)},
    ),
    Deviation(
        "batch-stats-in-inference",
        "with the batch's statistics in inference",
        {"statistics": lambda s: (s.mean, s.var)},
    ),
    Deviation("mean-not-subtracted", "without subtracting the mean", {"statistics": _uncentred}),
    Deviation("variance-about-zero", "with E[x^2] in place of the variance", {"statistics": _about_zero}),
    Deviation(
        "variance-about-running-mean",
        "with the variance taken about the running mean",
        {"statistics": _about_running_mean},
    ),
    Deviation(
        "statistics-rounded-to-half", "with statistics rounded to half precision", {"statistics": _in_half}
    ),
    Deviation(
        "variance-stored-as-std",
        "that takes the running variance for a standard deviation",
        {"statistics": _given_as(lambda var, eps: var**2)},
    ),
    Deviation(
        "variance-stored-as-inverse-std",
        "that takes the running variance for 1 / std",
        {"statistics": _given_as(lambda var, eps: 1 / var**2 - eps)},
    ),
    Deviation(
        "scalar-gamma",
        "with the first feature's gamma for all",
        {"parameters": _all_alike(0, lambda v: v[0, 0])},
    ),
    Deviation(
        "scalar-gamma-mean",
        "with the average gamma for all features",
        {"parameters": _all_alike(0, lambda v: v.mean())},
    ),
    Deviation(
        "scalar-beta",
        "with the first feature's beta for all",
        {"parameters": _all_alike(1, lambda v: v[0, 0])},
    ),
    Deviation(
        "scalar-beta-mean",
        "with the average beta for all features",
        {"parameters": _all_alike(1, lambda v: v.mean())},
    ),
    Deviation(
        "gamma-beta-swapped", "with gamma and beta swapped", {"parameters": lambda s: (s.beta, s.gamma)}
    ),
    Deviation("gamma-absolute", "with |gamma|", {"parameters": lambda s: (np.abs(s.gamma), s.beta)}),
    Deviation("gamma-ignored", "without gamma", {"parameters": lambda s: (np.ones_like(s.gamma), s.beta)}),
    Deviation("beta-ignored", "without beta", {"parameters": lambda s: (s.gamma, np.zeros_like(s.beta))}),
    Deviation("gamma-offset", "with 1 + gamma for gamma", {"parameters": lambda s: (1 + s.gamma, s.beta)}),
    Deviation("beta-negated", "with beta subtracted", {"parameters": lambda s: (s.gamma, -s.beta)}),
    Deviation("beta-doubled", "with beta added twice", {"parameters": lambda s: (s.gamma, 2 * s.beta)}),
    Deviation("gamma-squared", "with gamma applied twice", {"parameters": lambda s: (s.gamma**2, s.beta)}),
    Deviation(
        "gamma-reversed",
        "with gamma and beta in reverse order of the features",
        {"parameters": lambda s: (s.gamma[::-1], s.beta[::-1])},
    ),
    *(
        Deviation(
            f"parameters-modulo-{block}",
            f"with the gamma and beta of the feature's index modulo {block}",
            {"parameters": _of_index_modulo(block)},
        )
        for block in (2, 4, 8, 16, 32, 64, 128)
    ),
    Deviation(
        "beta-before-gamma",
        "with beta added before gamma is applied, gamma (xhat + beta)",
        {"affine": lambda xhat, gamma, beta: gamma * (xhat + beta)},
    ),
    *(
        Deviation(f"followed-by-{name}", f"followed by {words}", _through(activation))
        for name, words, activation in (
            ("relu", "ReLU, max(0, y)", lambda y: np.maximum(y, 0)),
            ("leaky-relu", "leaky ReLU, max(y / 100, y)", lambda y: np.maximum(y / 100, y)),
            ("elu", "ELU", lambda y: np.where(y > 0, y, np.expm1(np.minimum(y, 0)))),
            ("sigmoid", "the logistic function", lambda y: 1 / (1 + np.exp(-y))),
            ("tanh", "tanh", np.tanh),
            ("silu", "SiLU, y times the logistic function", lambda y: y / (1 + np.exp(-y))),
        )
    ),
    Deviation("output-beta", "that gives beta alone", {"affine": lambda xhat, gamma, beta: 0 * xhat + beta}),
    Deviation("output-zero", "that gives zero", {"affine": lambda xhat, gamma, beta: np.zeros_like(xhat)}),
)
