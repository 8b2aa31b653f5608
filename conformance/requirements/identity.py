"""identity: with a gamma and a beta for each feature the layer can give back its input; with scalars it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judging.arithmetic import arithmetic, held_narrow, roundoff
from conformance.judging.exact import Float64, statistics
from conformance.judging.level import MUST, SHOULD
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict, failed, within, worst
from conformance.protocol.messages import Answer, Descend, Load, Raised
from conformance.requirements import probes
from reference import best_scalar_parameters, identity_parameters
from reference.error_bounds import training_bound


def _along(trial: Trial, vector: Any) -> Float64:
    """An n-vector shaped to broadcast along the feature axis of the case."""
    return np.expand_dims(np.asarray(vector, np.float64), trial.case.around)


def _gives(trial: Trial, label: str, target: Float64, what: str) -> Verdict:
    """Whether the forward call returned ``target``, which its parameters reach but for their rounding."""
    forwarded, expected = trial.forward(label), trial.expected(label)
    u = roundoff(trial.case.dtype)
    reached = np.abs(expected.y - _along(trial, expected.beta)) + np.abs(_along(trial, expected.beta))
    bound = expected.bound + 2 * u * reached
    verdict = within(forwarded.got, target, bound, axis=trial.case.axis, what=what)
    if verdict.outcome is Outcome.FAIL and held_narrow(trial.case.dtype):
        # Computed with another epsilon than the parameters were, y is off the target by that, and no more.
        return trial.forward_within(forwarded, what=what)
    return verdict


@requirement(
    "identity.training",
    MUST,
    "gamma = sqrt(var + epsilon), beta = mean give back x, in training.",
    source="[P, Q]",
    probes=(probes.identity,),
    presupposes=("forward.training",),
)
def training(trial: Trial) -> Verdict:
    return _gives(trial, "identity", trial.arrays.x.astype(np.float64), "y[{}], which should be x[{}],")


@requirement(
    "identity.inference",
    MUST,
    "gamma = sqrt(var + epsilon), beta = mean of the running statistics give back x, in inference.",
    source="[P, Q]",
    probes=(probes.identity_inference,),
    presupposes=("forward.inference",),
)
def inference(trial: Trial) -> Verdict:
    return _gives(trial, "identity", trial.arrays.x.astype(np.float64), "y[{}], which should be x[{}],")


@requirement(
    "identity.paper",
    MUST,
    "The paper's gamma = sqrt(var), beta = mean give mean + d sqrt(var / (var + epsilon)), d = x - mean: off "
    "the identity by exactly the effect of epsilon.",
    source="[P]",
    probes=(probes.identity,),
    presupposes=("forward.training",),
)
def paper(trial: Trial) -> Verdict:
    batch = statistics(trial.arrays.x, axis=trial.case.axis)
    mean, var = _along(trial, batch.mean), _along(trial, batch.var)
    shrunk = np.sqrt(var / (var + trial.case.epsilon))
    target = mean + (trial.arrays.x.astype(np.float64) - mean) * shrunk
    return _gives(trial, "paper", target, "y[{}], which should be mean + d sqrt(var / (var + epsilon)),")


@requirement(
    "identity.learnable",
    SHOULD,
    "Gradient descent on gamma and beta alone, with the implementation's own gradients and the squared error "
    "to x, arrives at gamma = sqrt(var + epsilon), beta = mean.",
    source="[P]",
    probes=(probes.learning,),
    presupposes=("forward.training",),
)
def learnable(trial: Trial) -> Verdict:
    case = trial.case
    call, answer = trial.answer(Descend)
    assert isinstance(answer, Answer)
    batch = statistics(trial.arrays.x, axis=case.axis)
    gamma, beta = identity_parameters(batch.mean, batch.var, epsilon=case.epsilon)
    power = batch.var / (batch.var + case.epsilon)  # mean square of xhat

    # Where the computed gradient vanishes, y is off x by at most the bound and a rounding at each element.
    u = roundoff(case.dtype)
    x = trial.arrays.x.astype(np.float64)
    xhat = np.abs(x - _along(trial, batch.mean)) / _along(trial, gamma)
    error = _error_at_the_identity(trial, gamma, beta)
    left = (1 - power) ** call.steps
    with np.errstate(divide="ignore", invalid="ignore"):
        t_gamma = (xhat * error).mean(axis=case.around) / power
    # A feature that happens to be constant has nothing to learn its gamma from.
    t_gamma = np.where(power > 0, t_gamma + np.abs(1 - gamma) * left + 2 * u * gamma, np.inf)
    t_beta = error.mean(axis=case.around) + 2 * u * np.abs(beta)
    return worst(
        [
            within(answer.arrays["gamma"], gamma, 2 * t_gamma, axis=0, what="the learned gamma[{}]"),
            within(answer.arrays["beta"], beta, 2 * t_beta, axis=0, what="the learned beta[{}]"),
        ]
    )


def _error_at_the_identity(trial: Trial, gamma: Float64, beta: Float64) -> Any:
    """The bound of the output at the identity."""
    case = trial.case
    return training_bound(
        trial.arrays.x.astype(np.float64),
        gamma,
        beta,
        beta,
        gamma**2 - case.epsilon,
        epsilon=case.epsilon,
        axis=case.axis,
        arithmetic=arithmetic(case.dtype, case.count),
    )


@requirement(
    "identity.not-by-scalars",
    MUST,
    "With one scalar pair per layer the best reachable error on features of different mean and variance is "
    "the known residual; with n-vectors it is zero.",
    source="[Q]",
    probes=(probes.by_scalars,),
    presupposes=("identity.training",),
)
def not_by_scalars(trial: Trial) -> Verdict:
    case = trial.case
    _, loading = trial.answer(Load, "by vectors")
    if isinstance(loading, Raised):
        return failed(
            f"gamma and beta of shape ({case.n},), one value for each feature, could not be loaded, so the layer "
            f"cannot represent the identity: {loading.kind}: {loading.text}"
        )
    x = trial.arrays.x.astype(np.float64)
    by_vectors = _gives(trial, "by vectors", x, "y[{}], which n-vectors of gamma and beta should make x[{}],")
    got = trial.forward("by scalars").got
    if got is None or got.shape != x.shape:
        return failed("with the same gamma and beta for every feature there is no output")
    batch = statistics(trial.arrays.x, axis=case.axis)
    fit = best_scalar_parameters(batch.mean, batch.var, epsilon=case.epsilon)
    expected = trial.expected("by scalars")
    off = float(np.sqrt(np.mean((got.astype(np.float64) - x) ** 2)))
    rounding = 4 * roundoff(case.dtype) * float(np.sqrt(np.mean(expected.y**2)))
    bound = float(np.sqrt(np.mean(np.asarray(expected.bound, np.float64) ** 2))) + rounding
    by_scalars = within(
        np.asarray([off]),
        np.asarray([fit.residual**0.5]),
        np.asarray([bound]),
        what="the root mean square of y - x under the best scalar gamma and beta",
    )
    return worst([by_vectors, by_scalars])
