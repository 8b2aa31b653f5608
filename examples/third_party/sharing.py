"""What these adapters share: arrays by name, and PyTorch's modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance import Gradients
from conformance.implementation import Array

NATIVE = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}


class Held:
    """Arrays by name, each of n numbers. A subclass says where a layer keeps them."""

    held: dict[str, Array]

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(value) for name, value in self.held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if value.shape != self.held[name].shape:
                raise ValueError(f"{name} has shape {value.shape}, and not {self.held[name].shape}")
            self.held[name] = np.array(value)


class TorchLayer:
    """A module of PyTorch, of which ``names`` says where it keeps what; its features are second."""

    def __init__(self, module: Any, dtype: str, names: Mapping[str, str] = NATIVE) -> None:
        import torch

        self.torch, self.module = torch, module.to(getattr(torch, dtype))
        held = dict(module.named_parameters()) | dict(module.named_buffers())
        self.held = {ours: held[theirs] for ours, theirs in names.items() if theirs in held}
        self.learned = {name: self.held[name] for name in ("gamma", "beta") if name in self.held}

    def call(self, x: Any) -> Any:
        return self.module(x)

    def tensor(self, x: Array) -> Any:
        return self.torch.from_numpy(np.array(x, order="C"))

    def parameters(self) -> dict[str, Array]:
        return {name: each.numpy(force=True).copy() for name, each in self.held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if value.shape != self.held[name].shape:
                raise ValueError(f"{name} has shape {value.shape}, and not {tuple(self.held[name].shape)}")
            self.held[name].data.copy_(self.tensor(value))

    def forward(self, x: Array, *, training: bool) -> Array:
        self.x = self.tensor(x).requires_grad_()
        self.y = self.call(self.x) if self.module.train(training) else None
        return np.array(self.y.numpy(force=True))

    def backward(self, dy: Array) -> Gradients:
        inputs = {"x": self.x, **self.learned}
        found = self.torch.autograd.grad(self.y, [*inputs.values()], self.tensor(dy), retain_graph=True)
        return Gradients(**{name: each.numpy(force=True) for name, each in zip(inputs, found, strict=True)})
