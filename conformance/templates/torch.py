"""An adapter of a PyTorch module, here torch.nn.BatchNorm2d, that works as it stands. CHANGE marks the places to make
yours.

bnconf smoke FILE:MyBatchNorm    is the adapter in order?
bnconf run FILE:MyBatchNorm      is the batch norm right?
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from conformance.implementation import Array, Capabilities, Gradients, LayerConfig

# CHANGE: what your module calls its parameters and its running statistics, as state_dict() does.
NAMES = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}


def module(config: LayerConfig) -> torch.nn.Module:
    """A fresh module for inputs like config.input_shape."""
    # CHANGE: make your module. Pass epsilon and momentum on as they are: which way round momentum works is measured.
    return torch.nn.BatchNorm2d(
        config.input_shape[config.axis],
        eps=config.epsilon,
        momentum=config.momentum,
        affine=config.scale,
        dtype=getattr(torch, config.dtype),
    )


class MyBatchNormLayer:
    """The module, with NumPy arrays coming in and going out."""

    def __init__(self, config: LayerConfig) -> None:
        self.module = module(config)

    def parameters(self) -> dict[str, Array]:
        held = self.module.state_dict()
        return {ours: held[theirs].numpy().copy() for ours, theirs in NAMES.items() if theirs in held}

    def load(self, parameters: Mapping[str, Array]) -> None:
        given = {NAMES[name]: tensor(value) for name, value in parameters.items()}
        self.module.load_state_dict({**self.module.state_dict(), **given})

    def forward(self, x: Array, *, training: bool) -> Array:
        self.x = tensor(x).requires_grad_()
        self.y = self.module.train(training)(self.x)
        y: Array = self.y.detach().numpy().copy()
        return y

    def backward(self, dy: Array) -> Gradients:
        held = dict(self.module.named_parameters())
        inputs = {"x": self.x} | {k: held[NAMES[k]] for k in ("gamma", "beta") if NAMES[k] in held}
        found = torch.autograd.grad(self.y, list(inputs.values()), tensor(dy), retain_graph=True)
        return Gradients(**{name: each.numpy() for name, each in zip(inputs, found, strict=True)})


def tensor(x: Array) -> Any:
    """A tensor of its own: torch.from_numpy would refuse negative strides."""
    return torch.tensor(np.ascontiguousarray(x))


class MyBatchNorm:
    """What is judged. It is made without arguments."""

    # CHANGE: what the report calls it.
    name = "MyBatchNorm"
    version = f"torch {torch.__version__}"
    # CHANGE: what it does. What is declared is asked for; see Capabilities for all there is to declare.
    capabilities = Capabilities(
        dtypes=("float32", "float64"),
        ranks=(4,),  # 2 for (batch, n), 3 for (batch, n, length), 4 for images, 5 for volumes
        axes=(1,),
        affine="joint",  # "separate" where gamma and beta can be left out one by one, "always" where neither can
        gradients=True,  # or "training"
        names=tuple(NAMES.items())[:2],
    )

    def build(self, config: LayerConfig) -> Any:
        """A fresh layer, as it is by default."""
        return MyBatchNormLayer(config)
