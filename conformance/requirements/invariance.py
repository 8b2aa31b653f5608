"""invariance: what must not matter does not. Needs no reference: the implementation is held to itself.

Two outputs that should be equal may differ by the sum of their bounds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.cases.arrays import Arrays
from conformance.cases.case import Case
from conformance.implementation import Array, Capabilities
from conformance.judging.exact import blur, statistics
from conformance.judging.level import MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, within
from conformance.protocol.messages import Build, Call, Forward, Load, Script
from conformance.requirements import probes


def batch_axis(case: Case) -> int:
    """The axis of the samples: the first that is not the feature axis."""
    return 0 if case.axis % len(case.shape) else 1


def _order(case: Case, extent: int) -> Any:
    """A permutation that moves every place, if there are more than one."""
    return np.roll(np.arange(extent)[::-1], 1 + case.seed % max(1, extent))


def _taken(x: Array, order: Any, axis: int) -> Array:
    return np.ascontiguousarray(np.take(x, order, axis=axis))


def _mode(arrays: Arrays, can: Capabilities) -> dict[str, Array]:
    """The parameters to load so that a layer can be applied."""
    return probes.affine(arrays) if can.training else probes.everything(arrays)


def _permuted(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """x as it is, then with samples, features and places in another order."""
    own, axis, batch = _mode(arrays, can), case.axis % len(case.shape), batch_axis(case)
    features = _order(case, case.n)
    places = [k for k in range(len(case.shape)) if k not in (axis, batch)]
    calls: list[Call] = [Build(case.config()), Load(own), Forward(arrays.x, can.training)]
    calls += [Forward(_taken(arrays.x, _order(case, case.shape[batch]), batch), can.training)]
    calls += [Load({name: _taken(value, features, 0) for name, value in own.items()})]
    calls += [Forward(_taken(arrays.x, features, axis), can.training)]
    if places:
        x = arrays.x
        for k in places:
            x = _taken(x, _order(case, case.shape[k]), k)
        calls += [Load(own), Forward(x, can.training)]
    return tuple(calls)


def _shifted(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """By about a standard deviation of each feature."""
    own, dtype = probes.affine(arrays), arrays.x.dtype
    var = statistics(arrays.x, axis=case.axis).var
    shift = 2.0 ** np.rint(np.log2(var, where=var > 0, out=np.zeros(case.n)) / 2)
    shape = [1] * len(case.shape)
    shape[case.axis] = -1
    moved = (arrays.x.astype(np.float64) + shift.reshape(shape)).astype(dtype)
    return (Build(case.config()), Load(own), Forward(arrays.x, True), Forward(moved, True))


def _scaled(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """c = 2 and c = -1/2 with epsilon c^2: powers of two, so that nothing is rounded."""
    own = probes.affine(arrays)
    calls: list[Call] = [Build(case.config()), Load(own), Forward(arrays.x, True)]
    for number, c in enumerate((2.0, -0.5), start=1):
        config = replace(case.config(), epsilon=case.epsilon * c * c)
        x = (arrays.x.astype(np.float64) * c).astype(arrays.x.dtype)
        calls += [Build(config, layer=number), Load(own, layer=number), Forward(x, True, layer=number)]
    return tuple(calls)


def _doubled(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    twice = np.concatenate([arrays.x, arrays.x], axis=batch_axis(case))
    own = probes.affine(arrays)
    return (Build(case.config()), Load(own), Forward(arrays.x, True), Forward(twice, True))


def _sampled(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """The whole batch, then its first half alone."""
    batch = batch_axis(case)
    half = range(max(1, case.shape[batch] // 2))
    own = probes.everything(arrays)
    part = _taken(arrays.x, half, batch)
    return (Build(case.config()), Load(own), Forward(arrays.x, False), Forward(part, False))


_SMALL = replace(probes.PLAIN, max_count=64)
permuted = Probe("permuted", _permuted, _SMALL, share=0.5)
#: Means that stay near zero: it is the numerics group that asks what becomes of large ones.
_CENTRED = replace(_SMALL, kappas=(0.0, -1.0, -0.5, 0.25))
shifted = Probe("shifted", _shifted, _CENTRED, ("training",), 0.5)
scaled = Probe("scaled", _scaled, _SMALL, ("training",), 0.5)
doubled = Probe("doubled", _doubled, _SMALL, ("training",), 0.5)
sampled = Probe("sampled", _sampled, _SMALL, ("inference",), 0.5)


def _alike(trial: Trial, which: int, what: str, to_first: Any) -> Verdict:
    """Whether forward call ``which`` gave ``to_first`` of what the first gave."""
    first, other = trial.forwards[0].got, trial.forwards[which].got
    exact, expected = trial.expected(0), trial.expected(which)
    if first is None or other is None or first.shape != exact.y.shape or other.shape != expected.y.shape:
        return failed("an output is missing or has another shape than its input")
    with np.errstate(all="ignore"):
        target = to_first(first.astype(np.float64))
        # Where the data themselves were rounded on the way, they differ by no more than the bound allows.
        own = exact.bound + blur(first, exact, trial.case.dtype, trial.case.count)
        bound = to_first(np.asarray(own, np.float64), True) + 2 * expected.bound
    return within(other, target, bound, axis=trial.case.axis, what=what)


def _reordered(axes: list[int], trial: Trial) -> Any:
    def move(y: Array, _: bool = False) -> Array:
        for k in axes:
            y = _taken(y, _order(trial.case, y.shape[k]), k)
        return y

    return move


_REQUIRES = ("forward.training", "forward.inference", "numerics.bound")


@requirement(
    "invariance.batch-order",
    MUST,
    "Permuting the samples permutes the output alike.",
    source="[P]",
    probes=(permuted,),
    presupposes=_REQUIRES,
)
def batch_order(trial: Trial) -> Verdict:
    what = "y[{}] with the samples in another order"
    return _alike(trial, 1, what, _reordered([batch_axis(trial.case)], trial))


@requirement(
    "invariance.feature-order",
    MUST,
    "Permuting the features, and gamma and beta with them, permutes the output alike.",
    source="[P, Q]",
    probes=(permuted,),
    presupposes=_REQUIRES,
)
def feature_order(trial: Trial) -> Verdict:
    axis = trial.case.axis % len(trial.case.shape)
    return _alike(trial, 2, "y[{}] with the features in another order", _reordered([axis], trial))


@requirement(
    "invariance.spatial-order",
    MUST,
    "Permuting the places of an image permutes the output alike.",
    source="[P]",
    probes=(permuted,),
    presupposes=_REQUIRES,
)
def spatial_order(trial: Trial) -> Verdict:
    case = trial.case
    if len(trial.forwards) < 4:
        return within(np.zeros(0), np.zeros(0), np.zeros(0))
    places = [k for k in range(len(case.shape)) if k not in (case.axis % len(case.shape), batch_axis(case))]
    return _alike(trial, 3, "y[{}] with the places in another order", _reordered(places, trial))


@requirement(
    "invariance.shift",
    MUST,
    "Adding a constant to a feature changes nothing in training.",
    source="[P]",
    probes=(shifted,),
    presupposes=("forward.training", "numerics.bound"),
)
def shift(trial: Trial) -> Verdict:
    return _alike(trial, 1, "y[{}] with a constant added to x", lambda y, bound=False: y)


@requirement(
    "invariance.scale",
    MUST,
    "x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the sign of y - beta.",
    source="[P]",
    probes=(scaled,),
    presupposes=("forward.training", "numerics.bound"),
)
def scale(trial: Trial) -> Verdict:
    case = trial.case
    doubled_ = _alike(trial, 1, "y[{}] with 2 x and 4 epsilon", lambda y, bound=False: y)
    shape = [1] * len(case.shape)
    shape[case.axis] = -1
    beta = trial.expected(0).beta.reshape(shape)
    mirrored = _alike(
        trial, 2, "y[{}] with -x/2 and epsilon/4", lambda y, bound=False: y if bound else 2 * beta - y
    )
    return max(doubled_, mirrored, key=lambda v: (v.outcome.failing, v.ratio or 0.0))


@requirement(
    "invariance.duplicate",
    MUST,
    "Repeating the batch repeats the output.",
    source="[P]",
    probes=(doubled,),
    presupposes=("forward.training", "numerics.bound"),
)
def duplicate(trial: Trial) -> Verdict:
    axis = batch_axis(trial.case)
    return _alike(
        trial,
        1,
        "y[{}] with the batch twice over",
        lambda y, bound=False: np.concatenate([y, y], axis=axis),
    )


@requirement(
    "invariance.sample",
    MUST,
    "In inference each sample's output does not depend on the others.",
    source="[P]",
    probes=(sampled,),
    presupposes=("forward.inference",),
)
def sample(trial: Trial) -> Verdict:
    axis = batch_axis(trial.case)
    half = range(trial.forwards[1].call.x.shape[axis])
    return _alike(trial, 1, "y[{}] of the first samples alone", lambda y, bound=False: _taken(y, half, axis))
