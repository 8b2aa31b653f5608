"""What is asked of an implementation at level MUST, whatever the experiment: which features of a call count, and
where nothing but a finite value does.

The bounds follow the roundings of sound arithmetic. They know nothing of numbers that leave its range. Where the mean
of the data dwarfs their spread, a MUST says no more than that nothing is lost for good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.implementation import Array
from conformance.judging.arithmetic import largest, smallest_normal
from conformance.judging.exact import Forwarded, statistics

Bits = NDArray[np.bool_]

_ROOM = 4.0  # intermediate results may be larger by that much
#: Means that many standard deviations off are for every implementation to manage, as ``numerics.bound`` says.
_CONDITION = {"float32": 10.5, "float64": 10.5, "float16": 3.5, "bfloat16": 3.5}
_CONSTANT = 2.0**-30  # times the mean: a spread below it is what rounding made of none


@dataclass(frozen=True, slots=True)
class Asked:
    """For each feature, (n,).

    :ivar judged: what comes of it has to be right. :ivar finite: it has to be finite at least.
    """

    judged: Bits
    finite: Bits


def asked(f: Forwarded) -> Asked:
    """What is asked of the output of a forward call, and of what follows from it."""
    x, axis, dtype = f.call.x, f.config.axis, f.call.x.dtype.name
    n, within = x.shape[axis], f.config.parameter_dtype or dtype
    if f.config.defaults or f.config.epsilon == 0 or (within == "float16" and f.config.epsilon < 2.0**-12):
        # Of an epsilon that is not known, or that is none, or that half precision has not, nothing is asked.
        return Asked(np.zeros(n, bool), np.zeros(n, bool))
    with np.errstate(all="ignore"):
        if f.call.training:
            return _training(x, axis, f.count, dtype, within)
        return _inference(f, dtype, within)


def _training(x: Array, axis: int, count: int, dtype: str, within: str) -> Asked:
    """:param within: the dtype whose range it has on the way."""
    batch = statistics(x, axis=axis)
    mean, var = np.abs(batch.mean), np.maximum(batch.var, 0)
    ranged = count * (var + mean**2) < largest(within) / _ROOM
    spread = np.sqrt(var)
    well = (mean <= _CONDITION[dtype] * spread) | (spread <= _CONSTANT * mean)
    return Asked(ranged & well & ~_subnormal(x, axis, dtype), ranged)


def _subnormal(x: Array, axis: int, dtype: str) -> Bits:
    """The features with subnormal numbers, which an implementation may take for zero."""
    size = np.abs(x.astype(np.float64))
    around = tuple(k for k in range(x.ndim) if k != axis % x.ndim)
    return np.asarray(((size > 0) & (size < smallest_normal(dtype))).any(axis=around))


def _inference(f: Forwarded, dtype: str, within: str) -> Asked:
    n = f.call.x.shape[f.config.axis]
    held = {name: value.astype(np.float64) for name, value in f.loaded.items()}
    gamma = np.abs(held.get("gamma", np.ones(n)))
    mean, var = np.abs(held.get("running_mean", np.zeros(n))), held.get("running_var", np.ones(n))
    around = tuple(k for k in range(f.call.x.ndim) if k != f.config.axis % f.call.x.ndim)
    size = np.abs(f.call.x.astype(np.float64))
    top = np.where(np.isfinite(size), size, 0).max(axis=around, initial=0) + mean
    root = np.sqrt(var + f.config.epsilon)
    ranged = (var >= 0) & (top * np.maximum(1, gamma / root) < largest(within) / _ROOM)
    if within != dtype:
        offset = np.abs(held.get("beta", np.zeros(n)))
        ranged &= top * gamma / root + offset < largest(dtype) / _ROOM
    ranged &= ~_subnormal(f.call.x, f.config.axis, dtype)
    ranged &= (gamma / root < largest(within) / _ROOM) & (
        var + f.config.epsilon >= 4 * smallest_normal(within)
    )
    return Asked(ranged, ranged)
