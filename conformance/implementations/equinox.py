"""Equinox: ``equinox.nn.BatchNorm`` in its modes "batch" and "ema"."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig
from conformance.implementations._jax import DTYPES, SETUP, VERSION, Arrays, JaxLayer

# isort: split
import equinox
import jax
import jax.numpy as jnp

_MANY = 1 << 30  # batches, after which there is nothing left to debias

_NAMES = (("gamma", "weight"), ("beta", "bias"))


def _apply(layer: Any, training: bool, affine: Arrays, state: Arrays, x: Any) -> tuple[Any, Arrays]:
    """The layer takes one sample, and the axis of the batch by its name."""
    static, empty = layer
    if affine:
        static = equinox.tree_at(
            lambda it: (it.weight, it.bias), static, (affine["gamma"], affine["beta"]), is_leaf=_is_none
        )
    held = jax.tree.unflatten(empty, tuple(state.values()))
    call = jax.vmap(static, axis_name="batch", in_axes=(0, None), out_axes=(0, None))
    y, held = call(x, held, inference=not training)
    return y, dict(zip(state, jax.tree.leaves(held), strict=True))


def _is_none(value: Any) -> bool:
    return value is None
