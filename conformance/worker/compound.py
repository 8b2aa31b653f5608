"""Calls that no worker knows: the suite performs them by others, whose answers decide what comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from conformance.implementation import PARAMETERS
from conformance.protocol.messages import (
    Answer,
    Backward,
    Descend,
    Forward,
    Load,
    Lost,
    Parameters,
    Raised,
    Request,
    Resume,
    Transfer,
)

Ask: TypeAlias = Callable[[Request], Answer | Raised | Lost]

COMPOUND = (Descend, Transfer, Resume)


def perform(call: Descend | Transfer, ask: Ask) -> Answer | Raised | Lost:
    """Perform ``call`` by what ``ask`` sends."""
    if isinstance(call, Transfer):
        return _transfer(call, ask)
    with np.errstate(all="ignore"):
        return _descend(call, ask)


def _transfer(call: Transfer, ask: Ask) -> Answer | Raised | Lost:
    held = ask(Parameters(call.source))
    if not isinstance(held, Answer):
        return held
    # A layer gives its parameters in their native shapes, and takes n-vectors.
    vectors = {name: value.ravel() for name, value in held.arrays.items() if name in PARAMETERS}
    return ask(Load(vectors, call.layer))


def _descend(call: Descend, ask: Ask) -> Answer | Raised | Lost:
    """Gradient descent by the implementation's own gradients, in float64 outside of it."""
    gamma, beta = call.gamma.astype(np.float64), call.beta.astype(np.float64)
    dtype, target = call.x.dtype, call.x.astype(np.float64)
    for step in range(call.steps + 1):
        loaded = ask(Load({"gamma": gamma.astype(dtype), "beta": beta.astype(dtype)}, call.layer))
        if not isinstance(loaded, Answer):
            return loaded
        if step == call.steps:
            break
        forward = ask(Forward(call.x, True, call.layer))
        if not isinstance(forward, Answer):
            return forward
        y = forward.arrays["y"].astype(np.float64)
        if y.shape != target.shape:
            return Raised(kind="ValueError", text=f"y has shape {y.shape}, x {target.shape}")
        backward = ask(Backward((y - target).astype(dtype), call.layer))
        if not isinstance(backward, Answer):
            return backward
        for name, value in (("gamma", gamma), ("beta", beta)):
            gradient = backward.arrays.get(name)
            if gradient is None or gradient.size != value.size:
                shape = None if gradient is None else gradient.shape
                text = f"the gradient of {name} has shape {shape}; expected {value.shape}"
                return Raised(kind="ValueError", text=text)
            value -= call.rate * gradient.astype(np.float64).ravel()
    return Answer(arrays={"gamma": gamma, "beta": beta})
