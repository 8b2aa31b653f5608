"""The floating-point formats, and the arithmetic an implementation is granted in each."""

from __future__ import annotations

import numpy as np

from conformance.judging.level import Level
from reference.error_bounds import Arithmetic, any_order

# unit roundoff, smallest normal and smallest subnormal number of each dtype
_FORMATS = {
    "float64": (2.0**-53, 2.0**-1022, 2.0**-1074),
    "float32": (2.0**-24, 2.0**-126, 2.0**-149),
    "float16": (2.0**-11, 2.0**-14, 2.0**-24),
    "bfloat16": (2.0**-8, 2.0**-126, 2.0**-133),
}

_LARGEST = {
    "float64": (2 - 2.0**-52) * 2.0**1023,
    "float32": (2 - 2.0**-23) * 2.0**127,
    "float16": (2 - 2.0**-10) * 2.0**15,
    "bfloat16": (2 - 2.0**-7) * 2.0**127,
}


def roundoff(dtype: str) -> float:
    """Unit roundoff of a dtype."""
    return _FORMATS[dtype][0]


def smallest_normal(dtype: str) -> float:
    """Smallest normal number of a dtype."""
    return _FORMATS[dtype][1]


def largest(dtype: str) -> float:
    """Largest finite number of a dtype."""
    return _LARGEST[dtype]


def held_narrow(dtype: str) -> bool:
    """Whether a layer of ``dtype`` may soundly hold an epsilon or a momentum in float32 though its data are more
    precise, as attributes of ONNX are.
    """
    return dtype == "float64"


def as_held(number: float, dtype: str) -> tuple[float, ...]:
    """The values that a layer of ``dtype`` may soundly compute with where it was given ``number``, an epsilon or a
    momentum: itself first, then another, if there is one.
    """
    rounded = float(np.float32(number))
    return (number, rounded) if held_narrow(dtype) and rounded != number else (number,)


def arithmetic(dtype: str, count: int, level: Level = Level.MUST) -> Arithmetic:
    """What an implementation is granted for inputs of ``dtype`` with ``count`` values per feature.

    At MUST, arithmetic of the dtype itself and sums in any order; at SHOULD, half precision has its
    statistics in float32.
    """
    u_out, _, tiny_out = _FORMATS[dtype]
    narrow = dtype in ("float16", "bfloat16")
    inner = "float32" if narrow and level is not Level.MUST else dtype
    u, tiny, _ = _FORMATS[inner]
    return Arithmetic(u, u_out, any_order(count), tiny, tiny_out)
