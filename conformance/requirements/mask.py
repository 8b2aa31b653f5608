"""mask: where some positions do not count, the statistics come from the others alone.

Each call is judged as one without a mask, on the (m, n) values of the positions that count (see
:func:`conformance.judging.exact.forwards`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance.cases.arrays import Arrays, bell
from conformance.cases.case import Case
from conformance.implementation import Array, Capabilities
from conformance.judging.conventions import fitting
from conformance.judging.exact import statistics
from conformance.judging.level import CONVENTION, MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed
from conformance.protocol.messages import Answer, Backward, Build, Call, Forward, Load, Parameters, Script
from conformance.requirements import probes


def mask(case: Case) -> Array:
    """Which positions count: most, at least six, and in every eighth case all; shaped as x without its features."""
    counts = bell(case, "mask")[:, 0].reshape(-1) > (-9.0 if case.seed % 8 == 0 else -0.5)
    counts[:6] = True
    return counts.reshape([case.shape[k] for k in case.around])


def _training(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """x is far off where nothing counts, so that no other mask gives nearly the same statistics; and dy is 0 there: a
    loss leaves those positions out as well.
    """
    counts = mask(case)
    x = np.where(np.expand_dims(counts, case.axis), arrays.x, arrays.x + _far(case).astype(arrays.x.dtype))
    statistics = [Parameters()] if can.running else []
    calls: list[Call] = [
        Build(case.config()),
        Load(probes.affine(arrays)),
        *statistics,
        Forward(x, True, mask=counts),
    ]
    if can.gradients_in_training:
        dy = np.where(np.expand_dims(counts, case.axis), arrays.dy, np.zeros((), arrays.dy.dtype))
        calls.append(Backward(dy))
    return (*calls, *statistics)


def _far(case: Case) -> Array:
    """Eight standard deviations of each feature, to broadcast along the feature axis."""
    return 8 * np.expand_dims([regime.scale for regime in case.features], case.around)


def _inference(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (
        Build(case.config()),
        Load(probes.everything(arrays)),
        Forward(arrays.x, False, mask=mask(case)),
    )


#: Features second, last and first, among them as many as places along the other axes: a mask laid along wrong axes is
#: refused where they differ, and fits unseen where they do not.
_POOL = (
    ((16, 2), 1),
    ((4, 4, 4), 1),
    ((4, 5, 3), 1),
    ((3, 2, 2, 4), -1),
    ((3, 4, 5), 0),
    ((2, 3, 2, 2, 3), 1),
)
#: Values of which any six are well-conditioned.
_DOMAIN = replace(
    probes.PLAIN, pool=_POOL, values=("normal",), kappas=(0.0, 1.0, -0.5), momenta=(0.9, 0.99, 0.5, 0.1)
)
training = Probe("mask-training", _training, _DOMAIN, ("mask", "training"), 0.5)
gradient = replace(training, name="mask-gradient", needs=("mask", "training", "gradients_in_training"))
running = replace(training, name="mask-running", needs=("mask", "training", "running"))
inference = Probe("mask-inference", _inference, _DOMAIN, ("mask", "inference"), 0.25)


@requirement(
    "mask.training",
    MUST,
    "In training, positions that count are normalised by the mean and variance of those positions alone.",
    source="[K, F]",
    probes=(training,),
    presupposes=("forward.training", "numerics.double"),
)
def normalised(trial: Trial) -> Verdict:
    return trial.forward_within(what="y[{}], at a position that counts,")


@requirement(
    "mask.gradient",
    MUST,
    "The gradients are those of the positions that count. The others have no part in the loss.",
    source="[K, F]",
    probes=(gradient,),
    presupposes=("mask.training", "numerics.double", "gradient.input", "gradient.gamma", "gradient.beta"),
)
def gradients(trial: Trial) -> Verdict:
    return trial.gradients_within()


@requirement(
    "mask.running",
    MUST,
    "The running statistics move towards the statistics of the positions that count.",
    source="[K, F]",
    probes=(running,),
    presupposes=("mask.training", "numerics.double", "running.update"),
)
def kept(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "mask.inference",
    MUST,
    "In inference a mask changes nothing.",
    source="[K, F]",
    probes=(inference,),
    presupposes=("forward.inference", "numerics.double"),
)
def unmoved(trial: Trial) -> Verdict:
    return trial.forward_within(what="y[{}], at a position that counts,")


@requirement(
    "mask.rest",
    CONVENTION,
    "At positions that do not count, y is normalised like the others, zero, or x unchanged.",
    source="[K, F]",
    probes=(training,),
    presupposes=("mask.training",),
)
def rest(trial: Trial) -> Verdict:
    call, answer = trial.answer(Forward)
    if not isinstance(answer, Answer) or answer.arrays["y"].shape != call.x.shape:
        return failed("there is no y of the shape of x")
    x, y = (
        np.moveaxis(each.astype(np.float64), trial.case.axis, -1) for each in (call.x, answer.arrays["y"])
    )
    assert call.mask is not None
    out = ~call.mask
    if not out.any():
        return passed()
    batch, expected = statistics(trial.forward().call.x, axis=1), trial.expected()
    alike = (x[out] - batch.mean) / np.sqrt(batch.var + trial.case.epsilon) * expected.gamma + expected.beta
    known = {"normalised like the others": alike, "zero": 0 * x[out], "x": x[out]}
    # Coarse on purpose: which one it is, and not how precisely.
    size = 0.05 * (1 + np.abs(alike))
    found = [name for name, value in known.items() if bool(np.all(np.abs(y[out] - value) <= size))]
    return (
        passed().fitting(*found)
        if found
        else failed(f"where nothing counts, y is neither {', nor '.join(known)}")
    )
