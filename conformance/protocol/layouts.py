"""How an array can lie in memory: every layout a caller may hand to a layer, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

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


def _offset(x: Array) -> Array:
    """Behind something else in the same storage, along the first axis."""
    base = np.zeros((x.shape[0] + 1, *x.shape[1:]) if x.ndim else (2,), dtype=x.dtype)
    view = base[1:].reshape(x.shape)
    view[...] = x
    return view


def _read_only(x: Array) -> Array:
    frozen = np.array(x, order="C")
    frozen.flags.writeable = False
    return frozen


def _broadcast(x: Array) -> Array:
    """What is the same all along an axis is there once, and seen many times over by a stride of zero."""
    once = x
    for axis in range(x.ndim):
        first = once.take([0], axis=axis) if once.shape[axis] > 1 else once
        if (
            first.tobytes() != once.tobytes()
            and np.broadcast_to(first, once.shape).tobytes() == once.tobytes()
        ):
            once = first
    return np.broadcast_to(once.copy(), x.shape) if once.shape != x.shape else _contiguous(x)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "contiguous": _contiguous,
    "fortran": _fortran,
    "transposed": _transposed,
    "strided": _strided,
    "negative": _negative,
    "offset": _offset,
    "misaligned": _misaligned,
    "read-only": _read_only,
    "broadcast": _broadcast,
}


_PERMUTED = re.compile(r"permuted \((\d(?:, \d)*)\)")


def permuted(order: Sequence[int]) -> str:
    """The name of the layout whose axes lie in that order, the outermost first."""
    return f"permuted ({', '.join(map(str, order))})"


def order_of(memory: str) -> tuple[int, ...] | None:
    """The order of the axes that a layout of that name has; None if it is no permutation."""
    found = _PERMUTED.fullmatch(memory)
    order = tuple(map(int, found[1].split(", "))) if found else ()
    return order if found and sorted(order) == list(range(len(order))) else None


def check(memory: str) -> None:
    """:raises ValueError: no layout of that name."""
    if memory not in LAYOUTS and order_of(memory) is None:
        known = ", ".join(LAYOUTS)
        raise ValueError(
            f"unknown memory layout {memory!r}; known are {known}, and permuted (1, 0) for any axes"
        )


def lay_out(x: Array, memory: str) -> Array:
    """A fresh array equal to x, lying in memory as ``memory`` says.

    :raises ValueError: no layout of that name, or one of another number of axes.
    """
    check(memory)
    order = order_of(memory)
    if order is None:
        return LAYOUTS[memory](x)
    if len(order) != x.ndim:
        raise ValueError(f"layout {memory!r} is of {len(order)} axes; the array has {x.ndim}")
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
