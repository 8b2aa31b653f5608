"""running: the statistics kept for inference are an average of those of the batches, always of the same kind.

The suite does not assume which kind (see :mod:`conformance.judging.conventions`). An implementation fails if no
convention in use fits, and contradicts itself if different cases fit different ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.cases.domain import in_every_rank
from conformance.implementation import Array, Capabilities
from conformance.judging import model
from conformance.judging.averages import vectors
from conformance.judging.conventions import fitting
from conformance.judging.level import CONVENTION, MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, observed, passed, worst
from conformance.protocol.messages import Answer, Backward, Build, Call, Forward, Load, Parameters, Script
from conformance.requirements import probes

_STEPS = 8


def _batches(case: Case, can: Capabilities, steps: int) -> Iterator[Array]:
    """Batches of different numbers and, where that costs nothing, of different sizes."""
    growing = () if can.compiles else case.around
    for step in range(steps):
        shape = tuple(
            extent + (step + k) % 3 if k in growing else extent for k, extent in enumerate(case.shape)
        )
        batch = replace(case.with_shape(shape, case.axis), seed=(case.seed + step) % (1 << 32))
        yield realise(batch).x


def _training(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """k = 1 .. 8 training steps, the statistics after each, then inference, and the statistics again."""
    *first, last = _batches(case, can, 1 + case.seed % _STEPS)
    return (
        Build(case.config()),
        *probes.watched(first),
        Forward(last, True),
        Parameters(label="before inference"),
        Forward(arrays.x, False),
        Parameters(label="after inference"),
    )


def _cumulative(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    config = replace(case.config(), cumulative=True)
    return (Build(config), *probes.watched(_batches(case, can, 3)))


def _loaded(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training from statistics that were loaded."""
    held = {"running_mean": arrays.mean, "running_var": arrays.var}
    return (Build(case.config()), Load(held), *probes.watched(_batches(case, can, 2)))


def _no_affine(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Training of a layer that has neither gamma nor beta."""
    steps = 0 if can.affine == "always" else 2
    return (
        Build(case.config(scale=False, center=False)),
        *probes.watched(_batches(case, can, steps)),
    )


def _defaults(case: Case, _: Arrays, __: Capabilities) -> Script:
    """A layer built with nothing given, on values so small that epsilon shows: x = +-2^-10."""
    x = np.broadcast_to(_signs(case) * 2.0**-10, case.shape).astype(realise(case).x.dtype)
    mean = (x.astype(np.float64) + 1).astype(x.dtype)
    return (
        Build(replace(case.config(), defaults=True)),
        Parameters(label="fresh"),
        Forward(x, True, label="of mean 0"),
        Build(replace(case.config(), defaults=True), layer=1),
        Forward(mean, True, layer=1, label="of mean 1"),
        Parameters(layer=1, label="trained"),
    )


def _signs(case: Case) -> Any:
    """+1 and -1 in turn along the samples."""
    signs = np.where(np.arange(case.shape[case.batch_axis]) % 2, -1.0, 1.0)
    return np.expand_dims(signs, [k for k in range(len(case.shape)) if k != case.batch_axis])


def _unaffected(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """The same training call from other running statistics."""
    own = probes.affine(arrays)
    moved = {"running_mean": arrays.mean, "running_var": arrays.var}
    return (
        Build(case.config()),
        Load(own),
        Forward(arrays.x, True),
        Load(own | moved),
        Forward(arrays.x, True),
    )


def _frozen(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """For each thing that can be frozen a layer, what it holds, and calls of each kind."""
    later = realise(replace(case, seed=case.seed ^ 1)).x
    calls: list[Call] = []
    for layer, frozen in enumerate(can.frozen):
        config = replace(case.config(), frozen=frozen)
        held = probes.applicable(arrays, can) if config.tracks else probes.affine(arrays)
        calls += [Build(config, layer=layer), Load(held, layer=layer), Parameters(layer=layer)]
        for training in probes.modes(can):
            calls += [Forward(arrays.x if training else later, training, layer=layer)]
            calls += [Backward(arrays.dy, layer=layer)] * can.differentiates(training)
            calls += [Parameters(layer=layer)]
    return tuple(calls)


_DOMAIN = replace(
    probes.PLAIN, gammas=("one",), betas=("zero",), momenta=(0.9, 0.99, 0.75, 0.1, 0.3, 0.5), max_count=64
)
_NEEDS = ("training", "running")
training = Probe("running", _training, _DOMAIN, (*_NEEDS, "inference"), 0.5)
extremes = Probe(
    "running-extremes",
    _training,
    replace(_DOMAIN, momenta=(0.0, 1.0)),
    (*_NEEDS, "inference", "adjustable_momentum"),
    0.25,
)
unaffected = Probe("running-unaffected", _unaffected, _DOMAIN, _NEEDS, 0.25)
loaded = Probe("running-loaded", _loaded, _DOMAIN, (*_NEEDS, "inference"), 0.25)
no_affine = Probe("running-no-affine", _no_affine, _DOMAIN, (*_NEEDS, "inference"), 0.1)
freezing = Probe(
    "running-frozen", _frozen, replace(_DOMAIN, gammas=("random",)), ("frozen", "parameters"), 0.25
)
cumulative_average = Probe("running-cumulative", _cumulative, _DOMAIN, (*_NEEDS, "cumulative"), 0.1)
defaults = Probe(
    "running-defaults",
    _defaults,
    replace(_DOMAIN, pool=in_every_rank((8, 2))),
    (*_NEEDS, "parameters", "defaults"),
    0.05,
)


@requirement(
    "running.update",
    MUST,
    "After each of k training calls both statistics are an average of the batches' under one of the known "
    "conventions, the same one every time: exponential moving, zero-debiased exponential moving, cumulative.",
    source="[P, K, T, O]",
    probes=(training,),
    presupposes=("shape.running-mean", "shape.running-var", "numerics.double"),
)
def update(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    if not fits:
        return best
    return passed(best.ratio).fitting(*(f"{weights}, {estimator} variance" for weights, estimator in fits))


@requirement(
    "running.momentum",
    CONVENTION,
    "momentum is the weight kept (Keras, ONNX) or the weight of the new batch (PyTorch), always the same.",
    source="[K, T, O]",
    probes=(training,),
    presupposes=("running.update",),
)
def momentum(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    return passed().fitting(*(weights for weights, _ in fits)) if fits else best


@requirement(
    "running.variance",
    CONVENTION,
    "The average is of the biased or of the unbiased (m / (m - 1)) variance, whatever the rank, layout and dtype.",
    source="[P, K, T]",
    probes=(training,),
    presupposes=("running.update",),
)
def variance(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    return passed().fitting(*(estimator for _, estimator in fits)) if fits else best


@requirement(
    "running.defaults",
    CONVENTION,
    "Initial statistics, default epsilon and default momentum, the same for every input.",
    source="[K, T]",
    probes=(defaults,),
    dtypes=("float32",),
)
def default_values(trial: Trial) -> Verdict:
    """Measured, not read: epsilon from how far y falls short of 1, momentum from how far the mean moves."""
    first, after = (vectors(held(trial, label)) for label in ("fresh", "trained"))
    y = trial.forward("of mean 0").got
    if first is None or after is None or y is None:
        return failed("there are no statistics of n values, or no y")
    size = float(np.abs(y.astype(np.float64)).mean())
    with np.errstate(all="ignore"):
        epsilon = 2.0**-20 / size**2 - 2.0**-20 if size else np.inf
        weight = float(np.mean((after[0] - first[0]) / (1 - first[0])))
    found = (
        f"mean {float(first[0][0]):g}, variance {float(first[1][0]):g}, epsilon {epsilon:.3g}, "
        f"weight of a new batch {weight:.3g}"
    )
    return observed(found).fitting(found)


@requirement(
    "running.cumulative",
    CONVENTION,
    "A plain average instead of a moving one, where offered.",
    source="[T]",
    probes=(cumulative_average,),
)
def cumulative(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    estimators = [estimator for weights, estimator in fits if weights == "cumulative"]
    if not estimators:
        return replace(best, outcome=Outcome.FAIL, message=f"not a plain average: {best.message}")
    return passed().fitting(*(f"cumulative, {estimator} variance" for estimator in estimators))


@requirement(
    "running.inference",
    MUST,
    "Inference changes no state.",
    source="[P]",
    probes=(training,),
)
def inference(trial: Trial) -> Verdict:
    return unchanged(held(trial, "before inference"), held(trial, "after inference"), "an inference call")


def held(trial: Trial, label: str) -> Answer:
    """What a layer held there, by name."""
    _, answer = trial.answer(Parameters, label)
    assert isinstance(answer, Answer)
    return answer


def unchanged(before: Answer, after: Answer, by: str, only: tuple[str, ...] = ()) -> Verdict:
    """Whether two answers hold the same bits."""
    for name, old in before.arrays.items():
        new = after.arrays.get(name)
        if (not only or name in only) and (new is None or new.tobytes() != old.tobytes()):
            moved = "missing" if new is None else "of another shape"
            if new is not None and new.shape == old.shape:
                difference = np.abs(new.astype(np.float64) - old.astype(np.float64)).max()
                moved = f"off by up to {difference:.3g}"
            return failed(f"{name} is {moved} after {by}")
    return passed()


@requirement(
    "running.training",
    MUST,
    "Training output does not depend on the running statistics.",
    source="[P]",
    probes=(unaffected,),
    presupposes=("forward.training",),
)
def independent(trial: Trial) -> Verdict:
    return worst([trial.forward_within(each, what="y[{}] in training") for each in trial.forwards])


@requirement(
    "running.extremes",
    MUST,
    "Momentum 0 and 1 keep all or replace all.",
    source="[K, T]",
    probes=(extremes,),
    presupposes=("running.update",),
)
def keep_or_replace(trial: Trial) -> Verdict:
    fits, best = trial.once(fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "running.loaded",
    MUST,
    "Loaded statistics move on from their values, under one of the known conventions.",
    source="[K, T]",
    probes=(loaded,),
    presupposes=("running.update",),
)
def move_on(trial: Trial) -> Verdict:
    """Not necessarily under the convention of a fresh layer: how many batches the loaded statistics stand for
    is nothing a layer can know.
    """
    fits, best = trial.once(fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "running.no-affine",
    MUST,
    "A layer with neither gamma nor beta keeps its statistics like any other.",
    source="[K, T]",
    probes=(no_affine,),
    presupposes=("running.update",),
)
def without_affine(trial: Trial) -> Verdict:
    if trial.capabilities.affine == "always":
        return Verdict(Outcome.UNSUPPORTED, message="declares that gamma and beta are always there")
    fits, best = trial.once(fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "running.frozen",
    MUST,
    "What is frozen stays: training normalises by frozen statistics and moves nothing, frozen gamma and beta are "
    "applied, and without statistics inference normalises by the batch.",
    source="[K, T]",
    probes=(freezing,),
    presupposes=(
        "forward.training",
        "forward.inference",
        "gradient.input",
        "gradient.inference",
        "numerics.double",
        "running.update",
    ),
)
def stays(trial: Trial) -> Verdict:
    """As fine-tuning has it, where batches are too small to move what was learnt from large ones."""
    script, found = trial.observation.script, []
    for layer, frozen in enumerate(trial.capabilities.frozen):
        own = replace(trial, looked_at=frozenset(k for k, call in enumerate(script) if call.layer == layer))
        verdict = model.answers(own)
        if verdict.outcome.failing:
            verdict = replace(verdict, message=f"{verdict.message} (frozen={frozen!r})")
        found.append(verdict)
    return worst(found)
