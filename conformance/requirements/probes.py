"""The probes that several requirements look at.

A probe says what cases it wants (its :class:`~conformance.cases.domain.Domain`) and turns each into a script.
It judges nothing; any number of requirements look at what comes of it. A requirement that needs other calls
brings a probe of its own, in its own module.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.cases.domain import Domain, in_every_rank
from conformance.implementation import Array, Capabilities
from conformance.judging.exact import statistics
from conformance.judging.probe import Probe
from conformance.protocol.codec import numpy_dtype
from conformance.protocol.messages import Build, Call, Descend, Forward, Load, Parameters, Script
from reference import best_scalar_parameters, identity_parameters


def affine(arrays: Arrays) -> dict[str, Array]:
    return {"gamma": arrays.gamma, "beta": arrays.beta}


def everything(arrays: Arrays) -> dict[str, Array]:
    """All parameters, with running statistics under their own names."""
    return affine(arrays) | {"running_mean": arrays.mean, "running_var": arrays.var}


def applicable(arrays: Arrays, capabilities: Capabilities) -> dict[str, Array]:
    """As many of them as the implementation has a use for."""
    return everything(arrays) if capabilities.inference else affine(arrays)


def modes(capabilities: Capabilities) -> list[bool]:
    """True for training, then False for inference, as far as there are."""
    return [on for on, there in ((True, capabilities.training), (False, capabilities.inference)) if there]


def possible(capabilities: Capabilities, *calls: Forward) -> list[Call]:
    """Those of the calls that an implementation can perform."""
    return [call for call in calls if call.training in modes(capabilities)]


def _training(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (Build(case.config()), Load(affine(arrays)), Forward(arrays.x, True, memory=case.memory))


def _inference(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    return (
        Build(case.config()),
        Load(everything(arrays)),
        Forward(arrays.x, False, memory=case.memory),
    )


def _structure(case: Case, arrays: Arrays, capabilities: Capabilities) -> Script:
    """Layers for two batch sizes and spatial extents, and with scale and offset left out."""
    grown = tuple(extent + 1 if k in case.around else extent for k, extent in enumerate(case.shape))
    other = case.with_shape(grown, case.axis)
    x, training = realise(other).x, capabilities.training
    calls: list[Call] = [
        Build(case.config(), label="first"),
        Forward(arrays.x, training, may_raise=True),
        Parameters(label="first"),
        Build(other.config(), layer=1, label="grown"),
        Forward(x, training, layer=1, may_raise=True),
        Parameters(layer=1, label="grown"),
        Forward(x, training, may_raise=True),
        Parameters(label="first, after a grown batch"),
    ]
    for number, (scale, center) in enumerate(left_out(capabilities), start=2):
        label = f"scale={scale}, center={center}"
        calls += [
            Build(case.config(scale=scale, center=center), layer=number, label=label),
            Forward(arrays.x, training, layer=number, may_raise=True),
            Parameters(layer=number, label=label),
        ]
    return tuple(calls)


def left_out(capabilities: Capabilities) -> list[tuple[bool, bool]]:
    """The combinations of (scale, center), other than both, that an implementation offers."""
    return {
        "separate": [(True, False), (False, True), (False, False)],
        "joint": [(False, False)],
        "always": [],
    }[capabilities.affine]


def of_no_samples(case: Case, arrays: Arrays) -> Array:
    """An empty batch of the same features."""
    return arrays.x.take([], axis=case.batch_axis)


def watched(batches: Iterable[Array], layer: int = 0) -> list[Call]:
    """What a layer holds, fresh, then training calls with what it holds after each."""
    calls: list[Call] = [Parameters(layer=layer, label="fresh")]
    for x in batches:
        calls += [Forward(x, True, layer=layer), Parameters(layer=layer)]
    return calls


def _no_affine(case: Case, arrays: Arrays, capabilities: Capabilities) -> Script:
    calls: list[Call] = []
    for scale, center in left_out(capabilities):
        kept = {"gamma": arrays.gamma} if scale else {}
        kept |= {"beta": arrays.beta} if center else {}
        calls += [Build(case.config(scale=scale, center=center)), Load(kept)]
        calls += _apply(arrays, capabilities)
    return tuple(calls)


def _apply(arrays: Arrays, capabilities: Capabilities, label: str = "") -> list[Call]:
    """A training call, or where there is no training, an inference call with given statistics."""
    if capabilities.training:
        return [Forward(arrays.x, True, label=label)]
    statistics = {"running_mean": arrays.mean, "running_var": arrays.var}
    return [Load(statistics), Forward(arrays.x, False, label=label)]


def _per_feature(case: Case, arrays: Arrays, capabilities: Capabilities) -> Script:
    k = touched_feature(case)
    one = np.zeros_like(arrays.gamma)
    one[k] = 1
    return (
        Build(case.config()),
        Load(affine(arrays), may_raise=True),
        *_apply(arrays, capabilities, "before"),
        Load({"gamma": arrays.gamma + one}, may_raise=True),
        *_apply(arrays, capabilities, "gamma"),
        Load(affine(arrays) | {"beta": arrays.beta + one}, may_raise=True),
        *_apply(arrays, capabilities, "beta"),
    )


def touched_feature(case: Case) -> int:
    """The feature that a probe changes, where it changes one: its gamma and beta, or a value in it."""
    return case.seed % case.n


def _axis(case: Case, _: Arrays, capabilities: Capabilities) -> Script:
    """The same features, value for value, in every rank and along every axis. Where each shape is compiled, a case
    takes one rank.
    """
    n = case.n
    calls: list[Call] = []
    for rank in sorted({len(case.shape)} if capabilities.compiles else capabilities.ranks):
        extents = [2, 3, 2, 1][: rank - 2]
        extents.insert(0, case.count // math.prod(extents))
        for axis in (*range(rank), -1):
            if capabilities.takes_axis(axis, rank):
                shape = list(extents)
                shape.insert(axis % rank, n)
                variant = case.with_shape(tuple(shape), axis)
                arrays = realise(variant)
                calls += [Build(variant.config()), Load(affine(arrays)), *_apply(arrays, capabilities)]
    return tuple(calls)


def _wrong_size(case: Case, arrays: Arrays, capabilities: Capabilities) -> Script:
    """Too many values, a matrix and a scalar for gamma and beta, then too many features."""
    n, dtype = case.n, arrays.x.dtype
    calls: list[Call] = []
    wrong = {
        "n + 1 values": np.ones(n + 1, dtype),
        "an (n, m) matrix": np.ones((n, max(2, case.count)), dtype),
        "a scalar": np.ones((), dtype),
    }
    attempts = [(what, name) for what in wrong for name in ("gamma", "beta")]
    training = capabilities.training
    for layer, (what, name) in enumerate(attempts):
        label = f"{what} for {name}"
        calls += [
            Build(case.config(), layer=layer),
            Load(applicable(arrays, capabilities), layer=layer),
            Load({name: wrong[what]}, layer=layer, may_raise=True, label=label),
            Forward(arrays.x, training, layer=layer, may_raise=True, label=label),
        ]
    wide = realise(case.only((*range(n), 0))).x
    calls += [
        Build(case.config(), layer=len(attempts)),
        Load(applicable(arrays, capabilities), layer=len(attempts)),
        Forward(wide, training, layer=len(attempts), may_raise=True, label="n + 1 features"),
    ]
    return tuple(calls)


def _identity(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """Gamma and beta for the identity, then the paper's, which leave epsilon out."""
    batch = statistics(arrays.x, axis=case.axis)
    calls: list[Call] = [Build(case.config())]
    for label, epsilon in (("identity", case.epsilon), ("paper", 0.0)):
        gamma, beta = identity_parameters(batch.exact_mean, batch.exact_var, epsilon=epsilon)
        calls += [Load(_rounded(case, gamma=gamma, beta=beta)), Forward(arrays.x, True, label=label)]
    return tuple(calls)


def _identity_inference(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    mean, var = arrays.mean.astype(np.float64), arrays.var.astype(np.float64)
    gamma, beta = identity_parameters(mean, var, epsilon=case.epsilon)
    loaded = everything(arrays) | _rounded(case, gamma=gamma, beta=beta)
    return (Build(case.config()), Load(loaded), Forward(arrays.x, False, label="identity"))


def _by_scalars(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """The identity by n-vectors, then the best that one scalar pair for all features can do."""
    batch = statistics(arrays.x, axis=case.axis)
    gamma, beta = identity_parameters(batch.mean, batch.var, epsilon=case.epsilon)
    fit = best_scalar_parameters(batch.mean, batch.var, epsilon=case.epsilon)
    ones = np.ones(case.n)
    return (
        Build(case.config()),
        Load(_rounded(case, gamma=gamma, beta=beta), may_raise=True, label="by vectors"),
        Forward(arrays.x, True, may_raise=True, label="by vectors"),
        Load(_rounded(case, gamma=fit.gamma * ones, beta=fit.beta * ones), may_raise=True),
        Forward(arrays.x, True, may_raise=True, label="by scalars"),
    )


def _learning(case: Case, arrays: Arrays, _: Capabilities) -> Script:
    """Descent from gamma 1 and beta 0. The curvature of the squared error is N in beta and at most N in
    gamma, so the step 1 / N cannot overshoot.
    """
    gamma = _rounded(case, gamma=np.ones(case.n), beta=np.zeros(case.n))
    step = Descend(arrays.x, gamma["gamma"], gamma["beta"], rate=1 / case.count, steps=24)
    return (Build(case.config()), step)


def _rounded(case: Case, **parameters: Any) -> dict[str, Array]:
    """Parameters rounded once to the dtype of the case."""
    dtype = numpy_dtype(case.dtype)
    values = {k: v.to_float64() if hasattr(v, "to_float64") else v for k, v in parameters.items()}
    return {name: np.asarray(value, np.float64).astype(dtype) for name, value in values.items()}


PLAIN = Domain()
#: Well-scaled, but not easy: means up to eight standard deviations off, mostly eight, wide scales, long sums.
HARD = Domain(
    kappas=(0.0, 8.0, -8.0, 8.0, -8.0, 2.0),
    scales=(1.0, 1e3, 1e-3, 16.0, 2.0**20, 2.0**-20),
    max_count=512,
)
#: Data whose mean dwarfs their spread, and constant data: the variance must not come out negative. In float16 such
#: means are within range where the spread is small.
ILL_CONDITIONED = Domain(
    values=("normal", "constant", "two-valued"),
    kappas=(1e3, 1e2, 1e4, 1e5, 1e6, -1e3, 8.0, 300.0),
    scales=(1.0, 1e-3, 1e3, 2.0**-4),
    gammas=("one", "random"),
    betas=("zero", "random"),
    in_turn=True,
)
NEAR_EPSILON = replace(PLAIN, near_epsilon=(1.0, 0.3, 3.0, 0.05), gammas=("one", "random", "negative"))
#: Features of different mean and variance, each clearly above epsilon; some so different that who takes one for
#: another is always seen, even where the mistakes made with each parameter cancel.
VARIED = replace(
    PLAIN,
    values=("normal", "two-valued", "integer"),
    kappas=(0.0, 1.0, -1.0, 2.0),
    scales=(1.0, 512.0, 0.25, 2.0),
    epsilons=(1e-5, 1e-3, 1e-2),
    gammas=("one",),
    betas=("zero",),
)
_BOTH = in_every_rank((12, 2), (12, 5))
#: The same in another order, in which one case and the next differ in rank and number of features.
_TWELVE = tuple(
    _BOTH[8 * place + 2 * rank + (rank + turn) % 2]
    for place in range(3)
    for turn in range(2)
    for rank in range(4)
)
structure = Probe("structure", _structure, replace(PLAIN, min_features=2), ("parameters",), share=0.25)
training = Probe("training", _training, PLAIN, ("training",))
training_hard = Probe("training-hard", _training, HARD, ("training",))
training_ill = Probe("training-ill-conditioned", _training, ILL_CONDITIONED, ("training",))
training_standard = Probe(
    "training-standard", _training, replace(PLAIN, gammas=("one",), betas=("zero",)), ("training",), 0.5
)
training_epsilon = Probe("training-near-epsilon", _training, NEAR_EPSILON, ("training",), 0.5)
inference = Probe("inference", _inference, PLAIN, ("inference",))
inference_hard = Probe("inference-hard", _inference, HARD, ("inference",))
inference_epsilon = Probe("inference-near-epsilon", _inference, NEAR_EPSILON, ("inference",), 0.5)
no_affine = Probe("no-affine", _no_affine, PLAIN, share=0.25)
per_feature = Probe("per-feature", _per_feature, replace(PLAIN, min_features=2), share=0.5)
every_axis = Probe(
    "every-axis",
    _axis,
    replace(PLAIN, pool=_TWELVE, gammas=("random",), betas=("random",)),
    share=0.1,
)
wrong_size = Probe("wrong-size", _wrong_size, replace(PLAIN, max_features=6, max_count=12), share=0.25)
identity = Probe("identity", _identity, VARIED, ("training",))
identity_inference = Probe("identity-inference", _identity_inference, VARIED, ("inference",))
by_scalars = Probe("by-scalars", _by_scalars, replace(VARIED, min_features=2), ("training",), 0.5)
learning = Probe(
    "learning",
    _learning,
    replace(VARIED, scales=(1.0, 4.0, 2.0), max_count=64),
    ("training", "gradients_in_training", "gradients_of_gamma_and_beta"),
    share=0.1,
)
