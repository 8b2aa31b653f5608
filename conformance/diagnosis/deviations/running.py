"""Wrong running statistics: the weights of the average, or what it is an average of, replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.diagnosis.deviations.deviation import Deviation, Parts
from conformance.judging.averages import Pair, Step

#: (weight of the old, weight of the new) for a momentum that is the weight kept.
Weights = tuple[float, float]


def _weights(kept: float) -> tuple[Weights, Weights]:
    """Those of the mean and of the variance."""
    return (kept, 1 - kept), (kept, 1 - kept)


def _averaged(step: Step) -> Any:
    """What the running mean is an average of."""
    return step.batch.mean


def _spread(step: Step, var: Any) -> Any:
    """What the running variance is an average of, given the batch's variance."""
    return var


DEFINITION: Parts = {"weights": _weights, "mean": _averaged, "variance": _spread}


def moved(step: Step, deviation: Deviation, *, kept: float, factor: float, off: Any = 0.0) -> Pair:
    """The statistics after a step.

    :param kept: weight of the old. :param factor: from the biased variance to the one that is averaged.
    :param off: an error of the batch's variance.
    """
    parts = DEFINITION | deviation.parts
    with np.errstate(all="ignore"):
        of_mean, of_var = parts["weights"](kept)
        mean = of_mean[0] * step.old[0] + of_mean[1] * parts["mean"](step)
        spread = parts["variance"](step, np.maximum(0, step.batch.var + off)) * factor
        return mean, of_var[0] * step.old[1] + of_var[1] * spread


def _variance(f: Callable[[Step, Any], Any]) -> Parts:
    return {"variance": f}


def _samples(step: Step) -> Any:
    """X as (samples, n, ...)."""
    x = np.moveaxis(step.x.astype(np.float64), step.axis, 0)
    return np.moveaxis(x, 1, 0)


def _of_first_sample(step: Step) -> Any:
    first = _samples(step)[0]
    return first.reshape(first.shape[0], -1).mean(axis=1)


def _unbiased(count: int) -> float:
    return count / max(1, count - 1)


def _held(step: Step, name: str, default: float) -> Any:
    return np.asarray(step.call.loaded.get(name, default), np.float64)


def momentum_fixed(kept: float) -> Deviation:
    """The old weighs ``kept`` whatever was asked for."""
    return Deviation(
        f"momentum-fixed-{kept:g}",
        f"whose running statistics keep {kept:g} of the old, whatever momentum says",
        {"weights": lambda _: _weights(kept)},
    )


RUNNING: tuple[Deviation, ...] = (
    Deviation(
        "momentum-reversed",
        "whose momentum weighs the old in one of the two running statistics and the new in the other",
        {"weights": lambda kept: ((kept, 1 - kept), (1 - kept, kept))},
    ),
    *(momentum_fixed(kept) for kept in (0.9, 0.99, 0.999)),
    Deviation(
        "new-batch-unweighted",
        "whose running statistics take the whole of the new batch and momentum times the old",
        {"weights": lambda kept: ((kept, 1.0), (kept, 1.0))},
    ),
    Deviation(
        "statistics-not-updated",
        "whose running statistics do not move",
        {"weights": lambda kept: _weights(1.0)},
    ),
    Deviation(
        "mean-not-updated",
        "whose running mean does not move",
        {"weights": lambda kept: ((1.0, 0.0), (kept, 1 - kept))},
    ),
    Deviation(
        "variance-not-updated",
        "whose running variance does not move",
        {"weights": lambda kept: ((kept, 1 - kept), (1.0, 0.0))},
    ),
    Deviation(
        "statistics-updated-twice",
        "whose running statistics take each batch in twice",
        {"weights": lambda kept: _weights(kept * kept)},
    ),
    Deviation(
        "variance-stored-as-std",
        "whose running variance is an average of standard deviations",
        _variance(lambda step, var: np.sqrt(var)),
    ),
    Deviation(
        "variance-stored-as-inverse-std",
        "whose running variance is an average of 1 / sqrt(var + epsilon)",
        _variance(lambda step, var: 1 / np.sqrt(var + step.call.config.epsilon)),
    ),
    Deviation(
        "variance-kept-with-epsilon",
        "whose running variance has epsilon in it",
        _variance(lambda step, var: var + step.call.config.epsilon),
    ),
    Deviation(
        "variance-kept-about-zero",
        "whose running variance is an average of E[x^2]",
        _variance(lambda step, var: var + step.batch.mean**2),
    ),
    Deviation(
        "bessel-of-the-batch-size",
        "whose running variance is corrected by m / (m - 1) with the number of samples for m",
        _variance(lambda step, var: var * _unbiased(_samples(step).shape[0])),
    ),
    Deviation(
        "bessel-twice",
        "whose running variance is corrected by N / (N - 1) twice",
        _variance(lambda step, var: var * _unbiased(step.count) ** 2),
    ),
    Deviation(
        "statistics-of-the-output",
        "whose running statistics are those of the output",
        {
            "mean": lambda step: _held(step, "beta", 0.0),
            "variance": lambda step, var: (
                _held(step, "gamma", 1.0) ** 2 * var / (var + step.call.config.epsilon)
            ),
        },
    ),
    Deviation(
        "mean-of-first-sample",
        "whose running mean is an average of first samples",
        {"mean": _of_first_sample},
    ),
)
