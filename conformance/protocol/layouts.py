"""How an array can lie in memory: every layout a caller may hand to a layer, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from conformance.implementation import Array


def _contiguous(x: Array) -> Array:
    return np.array(x, order="C")


def _fortran(x: Array) -> Array:
    return np.array(x, order="F")


def _transposed(x: Array) -> Array:
    """Stored with its axes in the opposite order, as a transposed view of a contiguous array."""
    return np.ascontiguousarray(x.T).T


def _strided(x: Array) -> Array:
    """Every other element of a larger array, along the last axis."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), dtype=x.dtype)
    view = wide[..., ::2]
    view[...] = x
    return view


def _negative(x: Array) -> Array:
    """A reversed view: negative strides along every axis."""
    backwards = tuple(slice(None, None, -1) for _ in x.shape)
    return np.ascontiguousarray(x[backwards])[backwards]


def _misaligned(x: Array) -> Array:
    """One byte off the alignment of the dtype."""
    buffer = np.zeros(x.nbytes + 1, dtype=np.uint8)
    view = buffer[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def _read_only(x: Array) -> Array:
    frozen = np.array(x, order="C")
    frozen.flags.writeable = False
    return frozen


def _broadcast(x: Array) -> Array:
    """One sample or feature, seen many times over by a stride of zero, along the first axis where x repeats
    itself.
    """
    for axis in range(x.ndim):
        first = x.take([0], axis=axis) if x.shape[axis] > 1 else x
        if x.shape[axis] > 1 and np.broadcast_to(first, x.shape).tobytes() == x.tobytes():
            return np.broadcast_to(first.copy(), x.shape)
    return _contiguous(x)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "contiguous": _contiguous,
    "fortran": _fortran,
    "transposed": _transposed,
    "strided": _strided,
    "negative": _negative,
    "misaligned": _misaligned,
    "read-only": _read_only,
    "broadcast": _broadcast,
}


def lay_out(x: Array, memory: str) -> Array:
    """A fresh array equal to x, lying in memory as ``memory`` says.

    :raises ValueError: no layout of that name.
    """
    if memory not in LAYOUTS:
        raise ValueError(f"unknown memory layout {memory!r}; known are {', '.join(LAYOUTS)}")
    return LAYOUTS[memory](x)
