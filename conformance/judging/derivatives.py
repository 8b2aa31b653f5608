"""The exact value of a derivative that a script asks for, and how far from it a sound implementation may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from conformance.implementation import Array
from conformance.judging.arithmetic import arithmetic
from conformance.judging.trial import Trial
from conformance.protocol.messages import Derivative
from reference import DoubleDouble
from reference.derivatives import batch_norm_derivative, derivative_bound

Float64 = NDArray[np.float64]


def expected(trial: Trial, call: Derivative) -> tuple[Float64, Float64 | None, Float64]:
    """(the nearest float64, what is missing from it where x is float64, the bound), each shaped as x."""
    case, arrays = trial.case, trial.arrays
    upstream, along = split(call.modes, call.along)
    gamma = arrays.gamma.astype(np.float64)
    var = None if call.training else arrays.var.astype(np.float64)
    where: Any = {"epsilon": case.epsilon, "axis": case.axis}
    found = batch_norm_derivative(
        _lift(call.x),
        gamma,
        list(map(_lift, along)),
        upstream=None if upstream is None else _lift(upstream),
        var=var,
        **where,
    )
    exact, rest = found, None
    if isinstance(found, DoubleDouble):
        exact = found.to_float64()
        rest = (found.hi - exact) + found.lo
    bound = derivative_bound(
        call.x,
        gamma,
        along,
        upstream=upstream,
        var=var,
        exact=exact,
        arithmetic=arithmetic(call.x.dtype.name, case.count),
        **where,
    )
    return exact, rest, bound


T = TypeVar("T")


def split(modes: Sequence[str], along: Sequence[T]) -> tuple[T | None, list[T]]:
    """(the upstream gradient, None in forward mode alone; the directions): all of one array for each mode."""
    first = list(modes).index("reverse") if "reverse" in modes else None
    rest = [each for number, each in enumerate(along) if number != first]
    return (None if first is None else along[first]), rest


def _lift(x: Array) -> Any:
    """x in a precision that judges its dtype."""
    return DoubleDouble(x) if x.dtype == np.float64 else x.astype(np.float64)
