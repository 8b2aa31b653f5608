"""An adapter of a function of JAX, such as the apply of Flax or Haiku, that works as it stands. CHANGE marks the
places to make yours.

bnconf smoke FILE:MyBatchNorm    is the adapter in order?
bnconf run FILE:MyBatchNorm      is the batch norm right?
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

os.environ["JAX_ENABLE_X64"] = "1"

import jax
import jax.numpy as jnp
import numpy as np
from conformance.implementation import Array, Capabilities, Gradients, LayerConfig


def initial(config: LayerConfig) -> dict[str, Any]:
    """Fresh parameters and running statistics."""
    # CHANGE: the init of your layer, with its values under these four names.
    n, dtype = config.input_shape[config.axis], config.dtype
    own = {"running_mean": jnp.zeros(n, dtype), "running_var": jnp.ones(n, dtype)}
    gamma = {"gamma": jnp.ones(n, dtype)} if config.scale else {}
    beta = {"beta": jnp.zeros(n, dtype)} if config.center else {}
    return gamma | beta | own


def apply(held: dict[str, Any], x: Any, config: LayerConfig, training: bool) -> tuple[Any, dict[str, Any]]:
    """y, and the running statistics afterwards."""
    # CHANGE: call your layer. Pass epsilon and momentum on as they are: which way round momentum works is measured.
    others = tuple(k for k in range(x.ndim) if k != config.feature_axis)
    along = [-1 if k == config.feature_axis else 1 for k in range(x.ndim)]
    mean, var, after = held["running_mean"], held["running_var"], {}
    if training:
        mean = x.mean(others)
        var = jnp.square(x - mean.reshape(along)).mean(others)
        kept = config.momentum
        after = {
            "running_mean": kept * held["running_mean"] + (1 - kept) * mean,
            "running_var": kept * held["running_var"] + (1 - kept) * var,
        }
    y = (x - mean.reshape(along)) / jnp.sqrt(var.reshape(along) + config.epsilon)
    y = y * held["gamma"].reshape(along) if "gamma" in held else y
    return y + held["beta"].reshape(along) if "beta" in held else y, after


class MyBatchNormLayer:
    """The function with what it holds; NumPy arrays come in and go out."""

    def __init__(self, config: LayerConfig) -> None:
        self.config, self.held = config, initial(config)

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(value) for name, value in self.held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self.held or value.shape != self.held[name].shape:
                raise ValueError(f"{name} of shape {value.shape} is none of this layer's")
            self.held[name] = jnp.array(value)

    def forward(self, x: Array, *, training: bool) -> Array:
        if x.size == 0 or x.shape[self.config.axis] != self.held["running_mean"].size:
            raise ValueError(f"x of shape {x.shape} does not fit the layer")
        self.called = dict(self.held), jnp.array(x), training
        y, after = apply(*self.called[:2], self.config, training)
        self.held |= after
        return np.array(y)

    def backward(self, dy: Array) -> Gradients:
        held, x, training = self.called

        def output(affine: dict[str, Any], x: Any) -> Any:
            return apply(held | affine, x, self.config, training)[0]

        affine = {name: held[name] for name in ("gamma", "beta") if name in held}
        found, dx = jax.vjp(output, affine, x)[1](jnp.array(dy))
        return Gradients(np.array(dx), **{name: np.array(value) for name, value in found.items()})


class MyBatchNorm:
    """What is judged. It is made without arguments."""

    # CHANGE: what the report calls it.
    name = "MyBatchNorm"
    version = f"jax {jax.__version__}"
    # CHANGE: what it does. What is declared is asked for; see Capabilities for all there is to declare.
    capabilities = Capabilities(
        dtypes=("float32", "float64"),
        ranks=(2, 3, 4, 5),
        axes="any",  # or those it has, such as (-1,)
        gradients=True,
        compiles=True,  # for every new shape: few are drawn then
    )

    def build(self, config: LayerConfig) -> Any:
        """A fresh layer, as it is by default."""
        return MyBatchNormLayer(config)
