"""An adapter: the batch norm in it, of NumPy alone, works as it stands. CHANGE marks the places to make yours.

bnconf smoke FILE:MyBatchNorm    is the adapter in order?
bnconf run FILE:MyBatchNorm      is the batch norm right?
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# CHANGE: import your framework here; it is imported in a process of its own.
import numpy as np
from conformance.implementation import Array, Capabilities, Gradients, LayerConfig


class MyBatchNormLayer:
    """One layer. NumPy arrays come in and go out; whatever is yours stays inside."""

    def __init__(self, config: LayerConfig) -> None:
        # CHANGE: make your layer. Pass epsilon and momentum on as they are: which way round momentum
        # works is measured.
        self.config = config
        n, dtype = config.input_shape[config.axis], np.dtype(config.dtype)
        self.held: dict[str, Array] = {}
        if config.scale:
            self.held["gamma"] = np.ones(n, dtype)
        if config.center:
            self.held["beta"] = np.zeros(n, dtype)
        self.held["running_mean"] = np.zeros(n, dtype)
        self.held["running_var"] = np.ones(n, dtype)

    def parameters(self) -> dict[str, Array]:
        # CHANGE: your parameters under these four names, in the shapes they have.
        return {name: value.copy() for name, value in self.held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        # CHANGE: take those that are given, each of shape (n,); keep the others; refuse what does not fit.
        for name, value in parameters.items():
            if name not in self.held:
                raise ValueError(f"there is no {name}; there are {', '.join(self.held)}")
            if value.shape != self.held[name].shape:
                raise ValueError(f"{name} has shape {value.shape}; expected {self.held[name].shape}")
            self.held[name] = value.astype(self.held[name].dtype)

    def forward(self, x: Array, *, training: bool) -> Array:
        # CHANGE: call your layer, and give y back as an array of the shape and dtype of x.
        rows, n = self.rows(x), self.held["running_mean"].size
        if rows.shape[0] != n or rows.size == 0:
            raise ValueError(f"x of shape {x.shape} should have {n} features, and a value of each")
        if training:
            mean = rows.mean(axis=1)
            var = np.square(rows - mean[:, None]).mean(axis=1)
            kept = rows.dtype.type(self.config.momentum)
            for name, new in (("running_mean", mean), ("running_var", var)):
                self.held[name] = kept * self.held[name] + (1 - kept) * new
        else:
            mean, var = self.held["running_mean"], self.held["running_var"]
        self.training = training
        self.scale = 1 / np.sqrt(var + rows.dtype.type(self.config.epsilon))
        self.xhat = (rows - mean[:, None]) * self.scale[:, None]
        y = self.xhat
        if "gamma" in self.held:
            self.scale = self.scale * self.held["gamma"]
            y = y * self.held["gamma"][:, None]
        if "beta" in self.held:
            y = y + self.held["beta"][:, None]
        return self.like(x, y)

    def backward(self, dy: Array) -> Gradients:
        # CHANGE: the gradients of the last call of forward; or leave backward out, and gradients=True below.
        rows = self.rows(dy)
        gradients = {"gamma": (rows * self.xhat).sum(axis=1), "beta": rows.sum(axis=1)}
        dx = rows
        if self.training:
            gamma, beta = (each[:, None] / rows.shape[1] for each in gradients.values())
            dx = rows - beta - self.xhat * gamma
        own = {name: gradients[name] for name in gradients if name in self.held}
        return Gradients(self.like(dy, dx * self.scale[:, None]), **own)

    def rows(self, x: Array) -> Array:
        """x with a row for each feature, (n, values)."""
        first = np.moveaxis(x, self.config.axis, 0)
        return np.ascontiguousarray(first.reshape(first.shape[0], -1))

    def like(self, x: Array, rows: Array) -> Array:
        """Rows in the shape of x again."""
        first = np.moveaxis(x, self.config.axis, 0).shape
        return np.moveaxis(rows.reshape(first), 0, self.config.axis)


class MyBatchNorm:
    """What is judged. It is made without arguments."""

    # CHANGE: what the report calls it.
    name = "MyBatchNorm"
    version = f"numpy {np.__version__}"
    # CHANGE: what it does. What is declared is asked for; see Capabilities for all there is to declare.
    capabilities = Capabilities(
        dtypes=("float32", "float64"),  # of float32, float64, float16, bfloat16
        ranks=(2, 3, 4, 5),
        axes="any",  # or those it has, such as (1,) or (-1,)
        gradients=True,
    )

    def build(self, config: LayerConfig) -> Any:
        """A fresh layer, as it is by default."""
        return MyBatchNormLayer(config)
