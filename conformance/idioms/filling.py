"""The pieces of Python that an :class:`~conformance.implementation.Idiom` holds, with their names filled in."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

from conformance.implementation import LayerConfig


def filled(piece: str, layer: str, config: LayerConfig, values: Mapping[str, Any]) -> str:
    """A piece of an idiom with its names replaced; ``values`` go before those of the configuration.

    :raises KeyError: it asks for a name that there is not. :raises ValueError: a $ that begins no name.
    """
    shape, rank = config.input_shape, len(config.input_shape)
    axis = config.feature_axis
    known: dict[str, Any] = {
        "layer": layer,
        "shape": shape,
        "axis": config.axis,
        "dtype": config.dtype,
        "parameter_dtype": config.held_in,
        "epsilon": config.epsilon,
        "momentum": config.momentum,
        "scale": config.scale,
        "center": config.center,
        "n": shape[axis],
        "spatial": max(1, rank - 2),
        "others": [k for k in range(rank) if k != axis],
        "along": tuple(-1 if k == axis else 1 for k in range(rank)),
    }
    return Template(piece).substitute(known | dict(values))
