"""Plain functions as implementations: for a batch norm that is one function, and keeps nothing.

Training by the statistics of the batch, the whole adapter::

    @batch_norm(dtypes=("float32", "float64"))
    def normalise(x, gamma, beta, *, epsilon, axis):
        around = tuple(k for k in range(x.ndim) if k != axis)
        ...
        return y

``bnconf run file.py:normalise`` judges it. What it declares is what its arguments say:

* ``x, gamma, beta, *, epsilon``: it normalises by the statistics of the batch.
* ``x, gamma, beta, mean, var, *, epsilon``: it normalises by statistics it is given, and is inference only.
* ``x, gamma, beta, mean=None, var=None, *, epsilon``: both; in training mean and var are None.
* ``gamma=None`` and ``beta=None``: each can be left out, and is None then.
* Without ``epsilon``, ``epsilon=1e-5`` says which it has.
* ``axis``: the feature axis, from 0. Without it, ``axes`` says which it is.

x is an array of one of ``dtypes`` and ``ranks``; gamma, beta, mean and var are as they were loaded: (n,), but where
the suite looks whether anything else is refused. y is of the shape and dtype of x.

Its gradient, ``batch_norm(gradient=function)``, takes dy and then the same arguments, of the call before, and
returns (dx, dgamma, dbeta), each None where there is none; ``gradients_of=("x",)`` says that there is no more than
the first. Nothing is added: no check, no conversion, no state.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conformance.implementation import (
    DIFFERENTIABLE,
    Array,
    Capabilities,
    Gradients,
    LayerConfig,
)

Function = Callable[..., Any]

_GIVEN = {"gamma": "gamma", "beta": "beta", "mean": "running_mean", "var": "running_var"}


@dataclass(frozen=True, slots=True)
class Adapted:
    """An implementation that is a function. Called, it is that function."""

    function: Function
    gradient: Function | None
    name: str
    version: str
    capabilities: Capabilities

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def __wrapped__(self) -> Function:
        return self.function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(self, config)


def batch_norm(
    *,
    dtypes: tuple[str, ...] = ("float32",),
    ranks: tuple[int, ...] = (2, 3, 4, 5),
    axes: Literal["any"] | tuple[int, ...] = "any",
    gradient: Function | None = None,
    gradients_of: tuple[str, ...] = DIFFERENTIABLE,
    epsilon: float | None = None,
    version: str = "",
) -> Callable[[Function], Adapted]:
    """A decorator that makes a function an implementation.

    :param dtypes: dtypes of x it takes, and ranks, and feature axes, as in
        :class:`~conformance.implementation.Capabilities`.
    :param gradient: its gradient; ``gradients_of``: what that is the gradient of.
    :param epsilon: the only one it has, where it takes none.
    :raises TypeError: the arguments of a function are not those described above.
    """

    def adapt(function: Function) -> Adapted:
        parameters = _parameters(function)
        if "axis" not in parameters and axes == "any":
            raise TypeError(f"{function.__name__} takes no axis: say which it is, such as axes=(1,)")
        if ("epsilon" in parameters) == (epsilon is not None):
            raise TypeError(
                f"{function.__name__} takes no epsilon: say which it has, such as epsilon=1e-5"
                if epsilon is None
                else f"{function.__name__} takes an epsilon: leave out epsilon={epsilon}"
            )
        if gradient is not None:
            _matching(gradient, parameters)
        given = "mean" in parameters
        capabilities = Capabilities(
            dtypes=dtypes,
            ranks=ranks,
            axes=axes,
            gradients=gradient is not None,
            gradients_of=gradients_of,
            epsilon=epsilon,
            training=not given or _optional(function, parameters, "mean var"),
            inference=given,
            affine="separate" if _optional(function, parameters, "gamma beta") else "always",
            parameters=False,
            running=False,
        )
        return Adapted(function, gradient, function.__name__, version, capabilities)

    return adapt


def _parameters(function: Function) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function, by name.

    :raises TypeError: they are not those of a batch norm.
    """
    parameters = inspect.signature(function).parameters
    needed = {"x", "gamma", "beta"}
    if "mean" in parameters or "var" in parameters:
        needed |= {"mean", "var"}
    named = all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters.values())
    if not named or not needed <= set(parameters) <= needed | {"epsilon", "axis"}:
        took = ", ".join(map(str, parameters.values()))
        raise TypeError(
            f"{function.__name__} takes ({took}); expected (x, gamma, beta[, mean, var], *[, epsilon][, axis])"
        )
    return parameters


def _optional(function: Function, parameters: Mapping[str, inspect.Parameter], names: str) -> bool:
    """Whether two parameters are None by default.

    :raises TypeError: one is and the other is not.
    """
    one, other = (parameters[name].default is None for name in names.split())
    if one != other:
        raise TypeError(
            f"{function.__name__}: let {' and '.join(names.split())} both be None by default, or neither"
        )
    return one


def _matching(gradient: Function, parameters: Mapping[str, inspect.Parameter]) -> None:
    """:raises TypeError: it does not take dy and the arguments of its function."""
    wanted, took = ["dy", *parameters], list(inspect.signature(gradient).parameters)
    if sorted(took) != sorted(wanted):
        raise TypeError(f"{gradient.__name__} takes ({', '.join(took)}); expected ({', '.join(wanted)})")


class _Layer:
    """What was loaded, and the arguments of the last call."""

    def __init__(self, adapted: Adapted, config: LayerConfig) -> None:
        self._adapted, self._config = adapted, config
        self._taken = frozenset(inspect.signature(adapted.function).parameters)
        self._given: dict[str, Array] = {}

    def parameters(self) -> dict[str, Array]:
        return dict(self._given)

    def load(self, parameters: Mapping[str, Array]) -> None:
        self._given = {**self._given, **parameters}

    def forward(self, x: Array, *, training: bool) -> Array:
        config = self._config
        wanted = {
            "gamma": config.scale,
            "beta": config.center,
            "mean": not training,
            "var": not training,
        }
        call: dict[str, Any] = {
            name: self._given.get(_GIVEN[name]) if wanted[name] else None
            for name in _GIVEN
            if name in self._taken
        }
        call["x"] = x
        if "epsilon" in self._taken:
            call["epsilon"] = config.epsilon
        if "axis" in self._taken:
            call["axis"] = config.axis % x.ndim
        self._call = call
        y: Array = self._adapted.function(**call)
        return y

    def backward(self, dy: Array) -> Gradients:
        assert self._adapted.gradient is not None
        gradients: Gradients = self._adapted.gradient(dy=dy, **self._call)
        return gradients
