"""Whether an answer is of the form the contract asks for: names, shapes, dtypes and order. Whether its numbers are
right is for the requirements to say.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import PARAMETERS, Array, Capabilities, LayerConfig

#: What frameworks call gamma and beta and the statistics.
_ALIASES = {
    "gamma": ("weight", "scale", "w", "g"),
    "beta": ("bias", "offset", "shift", "b"),
    "running_mean": ("moving_mean", "mean", "running_average", "mu"),
    "running_var": ("moving_variance", "moving_var", "running_variance", "var", "variance", "sigma2"),
}


class Wrong(NamedTuple):
    """:ivar kind: tells whether it is the same as in another setting. :ivar advice: what to do about it."""

    kind: str
    text: str
    advice: str


def names(can: Capabilities, config: LayerConfig, held: dict[str, Array]) -> Wrong | None:
    """Whether a layer has the parameters it was built with, under their canonical names."""
    expected = [name for name, wanted in (("gamma", config.scale), ("beta", config.center)) if wanted]
    expected += ["running_mean", "running_var"] if can.running and config.tracks else []
    missing = [name for name in expected if name not in held]
    if missing:
        has = ", ".join(held) or "nothing"
        text = f"parameters() has no {' and no '.join(missing)}; it has {has}"
        own = {name: alias for name in missing for alias in _ALIASES[name] if alias in held}
        if own:
            renamed = ", ".join(f"{alias} as {name}" for name, alias in own.items())
            pairs = ", ".join(f'("{name}", "{alias}")' for name, alias in own.items())
            return Wrong(
                "names",
                text,
                f"return {renamed}, and take them by those names in load(); the report shows your own names if "
                f"you declare names=({pairs},)",
            )
        undeclared = ("running=False", "parameters=False")["gamma" in missing or "beta" in missing]
        advice = f"return it under that name, in the shape it has; if there is none, declare {undeclared}"
        return Wrong("names", text, advice)
    extra = [name for name, wanted in (("gamma", config.scale), ("beta", config.center)) if not wanted]
    ignored = [name for name in extra if name in held]
    if ignored:
        option = {"gamma": "scale", "beta": "center"}[ignored[0]]
        return Wrong(
            "left out",
            f"built with {option}=False it has {ignored[0]} all the same",
            f'pass config.{option} on; if there is no way to, declare affine="always", or "joint" for both or none',
        )
    return None


def kept(given: dict[str, Array], held: dict[str, Array]) -> Wrong | None:
    """Whether what was loaded is there: parameters by name, flat or not."""
    for name, value in given.items():
        now = held.get(name)
        if now is None or now.size != value.size:
            continue
        one, other = value.astype(np.float64).ravel(), now.astype(np.float64).ravel()
        if not np.allclose(one, other, rtol=1e-2, atol=1e-3):
            return Wrong(
                "load",
                f"load() took {name} {_listed(one)}, and parameters() gives {_listed(other)}",
                "load() has to copy what it is given into the layer, parameters() to return what is there now",
            )
    return None


def output(x: Array, y: Array) -> Wrong | None:
    """Whether y has the shape and the dtype of x."""
    if y.shape != x.shape:
        moved = sorted(y.shape) == sorted(x.shape)
        advice = "the feature axis was moved; move it back" if moved else "return y in the shape of x"
        return Wrong("shape", f"y has shape {y.shape} for x of shape {x.shape}", advice)
    if y.dtype != x.dtype:
        wider = y.dtype.itemsize > x.dtype.itemsize
        why = "a float64 array, such as NumPy's default, makes the result float64: " if wider else ""
        return Wrong(
            "dtype",
            f"y is {y.dtype} for x of {x.dtype}",
            f"{why}compute in the dtype of x, which config.dtype names",
        )
    return None


def derivative(name: str, x: Array, found: Array) -> Wrong | None:
    """Whether a derivative has the shape of x. What it is, is for the requirements to say."""
    if found.shape == x.shape:
        return None
    text = f"derivative() by {name} has shape {found.shape} for x of shape {x.shape}"
    return Wrong("derivative", text, "a derivative with respect to x has the shape of x")


def gradients(case: Case, can: Capabilities, config: LayerConfig, given: dict[str, Array]) -> Wrong | None:
    """Whether the gradients are there, each in its place and of a size that can be."""
    order = "return Gradients(x, gamma, beta), in this order or by these names"
    shape, n = case.shape, case.n
    there = {"x": True, "gamma": config.scale and config.learns, "beta": config.center and config.learns}
    wanted = [name for name in can.gradients_of if there[name]]
    missing = [name for name in wanted if name not in given]
    if missing:
        less = "without gradients, do not declare gradients=True"
        if given:
            less = f"or declare gradients_of=({''.join(f'{name!r}, ' for name in given).rstrip(' ')})"
        return Wrong(
            "missing", f"backward() gives no gradient of {' and none of '.join(missing)}", f"{order}; {less}"
        )
    shapes = ", ".join(f"{name} {given[name].shape}" for name in wanted)
    if "x" in wanted and given["x"].shape != shape:
        swapped = any(given[name].shape == shape for name in wanted if name != "x")
        advice = f"they are in another order: {order}" if swapped else "the gradient of x has the shape of x"
        return Wrong(
            "shapes", f"backward() gives gradients of shapes {shapes} for x of shape {shape}", advice
        )
    for name in wanted:
        if name == "x":
            continue
        if given[name].size != n:
            return Wrong(
                "shapes",
                f"backward() gives gradients of shapes {shapes}; {name} has {n} values",
                f"sum the gradient of {name} over all axes but that of the features",
            )
    if {"gamma", "beta"} <= set(wanted) and _swapped(case, given):
        return Wrong(
            "order", "backward() gives the gradient of beta for gamma's, and gamma's for beta's", order
        )
    return None


def width(config: LayerConfig, held: dict[str, Array]) -> Wrong | None:
    """Whether parameters that were to be wider than x are."""
    if config.parameter_dtype is None:
        return None
    narrow = [name for name in PARAMETERS if name in held and held[name].dtype.name == config.dtype]
    if not narrow:
        return None
    return Wrong(
        "width",
        f"parameters() gives {' and '.join(narrow)} in {config.dtype}, where config.parameter_dtype is "
        f"{config.parameter_dtype}",
        "make them in config.held_in; or declare no mixed=True",
    )


def _swapped(case: Case, given: dict[str, Array]) -> bool:
    """Whether the gradient of gamma is that of beta, the sum of dy, and that of beta is not."""
    around = tuple(k for k in range(len(case.shape)) if k != case.axis)
    dbeta = realise(case).dy.astype(np.float64).sum(around)
    near = {
        name: np.allclose(given[name].astype(np.float64).ravel(), dbeta, rtol=0.05, atol=0.05)
        for name in ("gamma", "beta")
    }
    return near["gamma"] and not near["beta"]


def _listed(values: Array) -> str:
    return "[" + ", ".join(f"{each:.3g}" for each in values) + "]"
