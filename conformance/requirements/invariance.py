"""invariance: changes of the input that must not matter do not. Each output is compared with another one
of the same implementation, so no reference is needed.

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
from conformance.judging.verdict import Verdict, failed, passed, within
from conformance.protocol.messages import Build, Call, Forward, Load, Script
from conformance.requirements import probes

_FIRST = "as it is"  # the label of the call that others are held against


def _order(case: Case, extent: int) -> Any:
    """A permutation that moves every place, if there are more than one."""
    return np.roll(np.arange(extent)[::-1], 1 + case.seed % max(1, extent))


def _taken(x: Array, order: Any, axis: int) -> Array:
    return np.ascontiguousarray(np.take(x, order, axis=axis))


def _reordered(case: Case, x: Array, *axes: int) -> Array:
    for k in axes:
        x = _taken(x, _order(case, x.shape[k]), k)
    return x


def _places(case: Case) -> list[int]:
    """The axes of an image: neither samples nor features lie along them."""
    return [k for k in case.around if k != case.batch_axis]


def _mode(arrays: Arrays, can: Capabilities) -> dict[str, Array]:
    """The parameters to load so that a layer can be applied."""
    return probes.affine(arrays) if can.training else probes.everything(arrays)


def _permuted(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """x as it is, then with samples, features and places in another order."""
    own, training = _mode(arrays, can), can.training
    features = _order(case, case.n)
    calls: list[Call] = [
        Build(case.config()),
        Load(own),
        Forward(arrays.x, training, label=_FIRST),
        Forward(_reordered(case, arrays.x, case.batch_axis), training, label="samples"),
        Load({name: _taken(value, features, 0) for name, value in own.items()}),
        Forward(_reordered(case, arrays.x, case.feature_axis), training, label="features"),
    ]
    if places := _places(case):
        calls += [Load(own), Forward(_reordered(case, arrays.x, *places), training, label="places")]
    return tuple(calls)


def _shifted(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """By about a standard deviation of each feature."""
    own, dtype = probes.affine(arrays), arrays.x.dtype
    var = statistics(arrays.x, axis=case.axis).var
    shift = 2.0 ** np.rint(np.log2(var, where=var > 0, out=np.zeros(case.n)) / 2)
    moved = (arrays.x.astype(np.float64) + np.expand_dims(shift, case.around)).astype(dtype)
    return (
        Build(case.config()),
        Load(own),
        Forward(arrays.x, True, label=_FIRST),
        Forward(moved, True, label="shifted"),
    )


def _scaled(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """c = 2 and c = -1/2 with epsilon c^2: powers of two, so that nothing is rounded."""
    own = probes.affine(arrays)
    calls: list[Call] = [Build(case.config()), Load(own), Forward(arrays.x, True, label=_FIRST)]
    for number, (label, c) in enumerate((("doubled", 2.0), ("mirrored", -0.5)), start=1):
        config = replace(case.config(), epsilon=case.epsilon * c * c)
        x = (arrays.x.astype(np.float64) * c).astype(arrays.x.dtype)
        calls += [
            Build(config, layer=number),
            Load(own, layer=number),
            Forward(x, True, layer=number, label=label),
        ]
    return tuple(calls)


def _doubled(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    twice = np.concatenate([arrays.x, arrays.x], axis=case.batch_axis)
    return (
        Build(case.config()),
        Load(probes.affine(arrays)),
        Forward(arrays.x, True, label=_FIRST),
        Forward(twice, True, label="repeated"),
    )


def _sampled(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """The whole batch, then its first half alone."""
    half = range(max(1, case.shape[case.batch_axis] // 2))
    part = _taken(arrays.x, half, case.batch_axis)
    return (
        Build(case.config()),
        Load(probes.everything(arrays)),
        Forward(arrays.x, False, label=_FIRST),
        Forward(part, False, label="half"),
    )


_SMALL = replace(probes.PLAIN, max_count=64)
permuted = Probe("permuted", _permuted, _SMALL, share=0.5)
#: Means that stay near zero: it is the numerics group that asks what becomes of large ones.
_CENTRED = replace(_SMALL, kappas=(0.0, -1.0, -0.5, 0.25))
shifted = Probe("shifted", _shifted, _CENTRED, ("training",), 0.5)
scaled = Probe("scaled", _scaled, _SMALL, ("training", "adjustable_epsilon"), 0.5)
doubled = Probe("doubled", _doubled, _SMALL, ("training",), 0.5)
sampled = Probe("sampled", _sampled, _SMALL, ("inference",), 0.5)


def _alike(trial: Trial, label: str, what: str, to_first: Any) -> Verdict:
    """Whether the forward call of that label gave ``to_first`` of what the first gave."""
    first, other = trial.forward(_FIRST).got, trial.forward(label).got
    exact, expected = trial.expected(_FIRST), trial.expected(label)
    if first is None or other is None or first.shape != exact.y.shape or other.shape != expected.y.shape:
        return failed("an output is missing or has another shape than its input")
    with np.errstate(all="ignore"):
        target = to_first(first.astype(np.float64))
        # Where the data themselves were rounded on the way, they differ by no more than the bound allows.
        own = exact.bound + blur(first, exact, trial.case.dtype, trial.case.count)
        bound = to_first(np.asarray(own, np.float64), True) + 2 * expected.bound
    return within(other, target, bound, axis=trial.case.axis, what=what)


def _alike_reordered(trial: Trial, what: str, *axes: int) -> Verdict:
    return _alike(
        trial,
        what,
        f"y[{{}}] with the {what} in another order",
        lambda y, bound=False: _reordered(trial.case, y, *axes),
    )


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
    return _alike_reordered(trial, "samples", trial.case.batch_axis)


@requirement(
    "invariance.feature-order",
    MUST,
    "Permuting the features, and gamma and beta with them, permutes the output alike.",
    source="[P, Q]",
    probes=(permuted,),
    presupposes=_REQUIRES,
)
def feature_order(trial: Trial) -> Verdict:
    return _alike_reordered(trial, "features", trial.case.feature_axis)


@requirement(
    "invariance.spatial-order",
    MUST,
    "Permuting the places of an image permutes the output alike.",
    source="[P]",
    probes=(permuted,),
    presupposes=_REQUIRES,
)
def spatial_order(trial: Trial) -> Verdict:
    places = _places(trial.case)
    return _alike_reordered(trial, "places", *places) if places else passed()


@requirement(
    "invariance.shift",
    MUST,
    "Adding a constant to a feature changes nothing in training.",
    source="[P]",
    probes=(shifted,),
    presupposes=("forward.training", "numerics.bound"),
)
def shift(trial: Trial) -> Verdict:
    return _alike(trial, "shifted", "y[{}] with a constant added to x", lambda y, bound=False: y)


@requirement(
    "invariance.scale",
    MUST,
    "x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the sign of y - beta.",
    source="[P]",
    probes=(scaled,),
    presupposes=("forward.training", "numerics.bound"),
)
def scale(trial: Trial) -> Verdict:
    doubled_ = _alike(trial, "doubled", "y[{}] with 2 x and 4 epsilon", lambda y, bound=False: y)
    beta = np.expand_dims(trial.expected(_FIRST).beta, trial.case.around)
    mirrored = _alike(
        trial,
        "mirrored",
        "y[{}] with -x/2 and epsilon/4",
        lambda y, bound=False: y if bound else 2 * beta - y,
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
    axis = trial.case.batch_axis
    return _alike(
        trial,
        "repeated",
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
    axis = trial.case.batch_axis
    half = range(trial.forward("half").call.x.shape[axis])
    return _alike(
        trial, "half", "y[{}] of the first samples alone", lambda y, bound=False: _taken(y, half, axis)
    )
