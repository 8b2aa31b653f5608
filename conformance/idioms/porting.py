"""How to carry a trained layer from one framework to another: a recipe in the two frameworks' own APIs, put together
from the idioms of their adapters and the conventions that were measured, and then run, to see that it holds.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.idioms.filling import filled
from conformance.implementation import PARAMETERS, Array, Idiom, LayerConfig
from conformance.judging.arithmetic import arithmetic
from conformance.protocol.messages import Identity
from reference.error_bounds import inference_bound

_RANKS = (2, 4, 5)  # an example of each kind of layer: for tables, images and volumes
_TIMEOUT = 300.0
_BATCHES = 4  # the source is trained on so many, less one, before its weights are moved


class NoRecipe(Exception):
    """There is no way to write one; the message says why."""


@dataclass(frozen=True, slots=True)
class Side:
    """An implementation, and how it takes momentum and which variance it averages, as measured; None where not."""

    id: str
    identity: Identity
    momentum: str | None
    variance: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of running a recipe.

    :ivar cases: layers moved. :ivar experiments: features in them.
    :ivar agreeing: features in which both layers' inference agrees within the bounds of both.
    :ivar worst: the largest difference, in units of the bound.
    :ivar mean_off, var_off: how far apart the running statistics are after one more batch in training, in units
        of the standard deviation and of the variance; ``var_off_count`` is the N of the batch where that was.
    :ivar problem: why it could not be run.
    """

    cases: int = 0
    experiments: int = 0
    agreeing: int = 0
    worst: float | None = None
    mean_off: float | None = None
    var_off: float | None = None
    var_off_count: int = 0
    problem: str = ""


def recipe(source: Side, target: Side, rank: int = 2) -> str:
    """Python that defines ``port(source, shape, axis)``, for inputs of ``rank``.

    :raises NoRecipe: one of the two has no idiom, or not one that says how to read, write or make a layer.
    """
    try:
        return _recipe(source, target, rank)
    except (KeyError, ValueError, SyntaxError) as error:
        raise NoRecipe(f"the idioms of {source.id} and {target.id} make no Python: {error}") from None


def _recipe(source: Side, target: Side, rank: int) -> str:
    have, want = (_idiom(side) for side in (source, target))
    getters, setters = dict(have.get), dict(want.set)
    moved = [name for name in PARAMETERS if name in getters and name in setters]
    if len(moved) < len(PARAMETERS) or not want.build:
        lacking = ", ".join(name for name in PARAMETERS if name not in moved) or "how to make a layer"
        raise NoRecipe(f"the idioms of {source.id} and {target.id} do not both tell of {lacking}")
    values = {
        "epsilon": _plain(getters.get("epsilon", "1e-5"), "source"),
        "momentum": _momentum(source, target, getters),
        "shape": "shape",
        "axis": "axis",
        "n": "shape[axis]",
    }
    built = _build(want, rank, values)
    others = {other: _build(want, other, values) for other in _RANKS if other in _ranks(target)}
    lines = [
        f'"""The layer of {target.id} that computes what `source`, a trained one of {source.id}, computes.',
        "",
        "shape and axis are those of its inputs, the axis that of the features.",
        *_notes(source, target),
        '"""',
        *built.splitlines(),
        *(f"# for rank {r}: {line.strip()}" for r, other in others.items() for line in _unlike(other, built)),
    ]
    for name in moved:
        value = _plain(getters[name], "source")
        lines.append(filled(setters[name], "target", _example(2), {"value": value}))
    lines.append("return target")
    body = textwrap.indent("\n".join(lines), "    ")
    return f"{_setup(have, want)}\n\n\ndef port(source, shape, axis):\n{body}\n"


def verify(source: Side, target: Side, cases: tuple[Case, ...]) -> Verified:
    """Train layers of ``source``, move them by the recipe, and compare inference on a batch they have
    not seen; then train both on one more.

    :param cases: of shapes and axes that both take without moving an axis.
    :raises NoRecipe: there is none.
    """
    with tempfile.TemporaryDirectory() as folder:
        program, given, out = (Path(folder) / name for name in ("port.py", "in.npz", "out.npz"))
        program.write_text(_program(source, target, cases), encoding="utf-8")
        np.savez(given, allow_pickle=False, **_inputs(cases))
        try:
            done = subprocess.run(
                [sys.executable, str(program), str(given), str(out)],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                check=False,
                cwd=folder,
            )
        except subprocess.TimeoutExpired:
            return Verified(problem=f"the recipe did not end within {_TIMEOUT:g} s")
        if done.returncode != 0 or not out.is_file():
            last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
            return Verified(problem=last[0][:500])
        with np.load(io.BytesIO(out.read_bytes()), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    try:
        return _compared(cases, arrays)
    except (KeyError, ValueError) as error:
        return Verified(problem=f"what the recipe computed has not the shapes expected: {error}")


def _compared(cases: tuple[Case, ...], arrays: dict[str, Array]) -> Verified:
    agreeing, worst, mean_off, var_off = 0, 0.0, 0.0, (0.0, 0)
    for k, case in enumerate(cases):
        held = {name: arrays[f"{k}-{name}"].ravel() for name in PARAMETERS}
        x = _batch(case, _BATCHES)
        wide = [held[name].astype(np.float64) for name in PARAMETERS]
        given: dict[str, Any] = {"epsilon": case.epsilon, "axis": case.axis}
        granted = arithmetic(case.dtype, case.count)
        bound = inference_bound(x.astype(np.float64), *wide, **given, arithmetic=granted)
        ys, yt = (arrays[f"{k}-{name}"].astype(np.float64) for name in ("source", "target"))
        ratio = np.abs(ys - yt) / (2 * np.asarray(bound))
        ratio = np.where(np.isfinite(ys) & np.isfinite(yt), ratio, np.inf)
        by_feature = np.moveaxis(ratio, case.axis, 0).reshape(case.n, -1).max(axis=1)
        agreeing += int((by_feature <= 1).sum())
        worst = max(worst, float(by_feature.max()))
        mean_off = max(mean_off, _apart(arrays, k, "running_mean", np.sqrt(wide[3])))
        var_off = max(var_off, (_apart(arrays, k, "running_var", wide[3]), case.count))
    experiments = sum(case.n for case in cases)
    return Verified(len(cases), experiments, agreeing, worst, mean_off, *var_off)


def _apart(arrays: dict[str, Array], k: int, name: str, unit: Array) -> float:
    one, other = (arrays[f"{k}-{name}-{of}"].ravel().astype(np.float64) for of in ("source", "target"))
    return float((np.abs(one - other) / unit).max())


def _inputs(cases: tuple[Case, ...]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for k, case in enumerate(cases):
        arrays = realise(case)
        found |= {f"{k}-gamma": arrays.gamma, f"{k}-beta": arrays.beta}
        found |= {f"{k}-x{batch}": _batch(case, batch) for batch in range(1, _BATCHES + 1)}
    return found


def _program(source: Side, target: Side, cases: tuple[Case, ...]) -> str:
    """The recipe for each rank, and the frameworks' own code around it, case by case."""
    have, want = (_idiom(side) for side in (source, target))
    sides = ((have, "source"), (want, "target"))
    lines, defined = [_DRIVER], 0
    for k, case in enumerate(cases):
        if len(case.shape) != defined:
            defined = len(case.shape)
            lines.append(recipe(source, target, defined))
        config = case.config()
        lines.append(_filled(have.build, "source", config))
        for name, piece in have.set:
            if name in ("gamma", "beta"):
                lines.append(_filled(piece, "source", config, value=f"given['{k}-{name}']"))
        for batch in range(1, _BATCHES):
            lines += [
                f"x = given['{k}-x{batch}']",
                _filled(have.apply, "source", config, x="x", training=True),
            ]
        lines.append(f"target = port(source, {case.shape}, {case.axis})")
        lines += [
            f"out['{k}-{name}'] = array({_filled(piece, 'source', config)})"
            for name, piece in have.get
            if name in PARAMETERS
        ]
        lines.append(f"x = given['{k}-x{_BATCHES}']")
        for idiom, layer in sides:
            lines.append(_filled(idiom.apply, layer, config, x="x", training=False))
            lines.append(f"out['{k}-{layer}'] = array(y)")
        for idiom, layer in sides:
            lines.append(_filled(idiom.apply, layer, config, x="x", training=True))
            lines += [
                f"out['{k}-{name}-{layer}'] = array({_filled(piece, layer, config)})"
                for name, piece in idiom.get
                if name.startswith("running")
            ]
    return "\n".join([*lines, "np.savez(sys.argv[2], **out)"])


_DRIVER = """\
import sys

import numpy as np

given, out = np.load(sys.argv[1]), {}


def array(y):
    return np.array(y.detach() if hasattr(y, "detach") else y)

"""


def _batch(case: Case, number: int) -> Array:
    """Batches of one distribution: the case's own x, moved along and stretched a little."""
    x = realise(case).x
    rolled = np.roll(x, number, axis=case.axis - 1) * x.dtype.type(1 + number / 8)
    return np.ascontiguousarray(rolled)


def _idiom(side: Side) -> Idiom:
    idiom = side.identity.idiom
    if idiom is None:
        raise NoRecipe(f"{side.id} does not say how its framework is written")
    if not idiom.get or not side.identity.capabilities.parameters:
        raise NoRecipe(f"{side.id} is a function and holds no parameters: pass it those of the other")
    return idiom


def _momentum(source: Side, target: Side, getters: dict[str, str]) -> str:
    if "momentum" not in getters:
        return "0.9"
    held = _plain(getters["momentum"], "source")
    same = source.momentum == target.momentum or None in (source.momentum, target.momentum)
    return held if same else f"1 - {held}"


def _notes(source: Side, target: Side) -> list[str]:
    notes = []
    if source.momentum and target.momentum and source.momentum != target.momentum:
        notes.append(
            f"In {source.id} {source.momentum}, in {target.id} {target.momentum}: hence 1 - momentum."
        )
    if source.momentum is None or target.momentum is None:
        which = source.id if source.momentum is None else target.id
        notes.append(f"How {which} takes momentum is not known, so it is passed on as it is: look at it.")
    if source.variance and target.variance and source.variance != target.variance:
        notes.append(
            f"Inference is the same. In further training {source.id} averages the {source.variance} variance, "
            f"{target.id} the {target.variance}: of N values they differ by the factor N / (N - 1)."
        )
    can = target.identity.capabilities
    if can.axes != "any":
        wanted = " or ".join(map(str, can.axes))
        notes.append(f"{target.id} takes the features along axis {wanted}: move them there, if they are not.")
    return ["", *(line for note in notes for line in textwrap.wrap(note, 96))] if notes else []


def _ranks(side: Side) -> tuple[int, ...]:
    return side.identity.capabilities.ranks


def _example(rank: int) -> LayerConfig:
    return LayerConfig((8, *[4] * (rank - 1)), 1, "float32")


def _build(idiom: Idiom, rank: int, values: dict[str, str]) -> str:
    return filled(idiom.build, "target", _example(rank), values)


def _unlike(other: str, text: str) -> list[str]:
    return [line for line in other.splitlines() if line not in text.splitlines()]


def _plain(piece: str, layer: str) -> str:
    return filled(piece, layer, _example(2), {})


def _filled(piece: str, layer: str, config: LayerConfig, **values: Any) -> str:
    try:
        return filled(piece, layer, config, values)
    except (KeyError, ValueError) as error:
        raise NoRecipe(f"a piece of an idiom cannot be filled in: {error}") from None


def _setup(*idioms: Idiom) -> str:
    """Their imports, each once; what is set before an import stays before it."""
    lines = [line for idiom in idioms for line in idiom.setup.splitlines() if line.strip()]
    text = "\n".join(dict.fromkeys(lines))
    ast.parse(text)
    return text
