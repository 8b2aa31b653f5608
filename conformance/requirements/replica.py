"""replica: k replicas together normalise a batch as one layer does.

A batch is split along its first axis. Each part is normalised in a replica of its own, and the replicas share their
statistics. The parts of the output, put together, are judged as any batch is: by the statistics of the whole.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance.cases.arrays import Arrays
from conformance.cases.case import Case
from conformance.implementation import Capabilities
from conformance.judging.conventions import fitting
from conformance.judging.level import MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, passed, worst
from conformance.protocol.messages import Answer, Backward, Build, Forward, Load, Parameters, Script
from conformance.requirements import probes

#: Each has the batch first, and eight or twelve samples.
_POOL = (((8, 3), 1), ((12, 2, 4), -1), ((8, 3, 2, 2), 1), ((8, 2, 1, 2, 3), -1))


def _replicas(case: Case, can: Capabilities) -> int:
    """Two, and for every other rank four, if there can be as many."""
    return 4 if len(case.shape) % 2 and can.replicas >= 4 else 2


def _training(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    return _over(case, arrays, can, _replicas(case, can))


def _uneven(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """One sample less, so that the first parts have one more than the last."""
    less = case.with_shape((case.shape[0] - 1, *case.shape[1:]), case.axis)
    return _over(less, arrays, can, _replicas(case, can))


def _over(case: Case, arrays: Arrays, can: Capabilities, replicas: int) -> Script:
    size = case.shape[0]
    config = replace(case.config(), replicas=replicas)
    calls = (Build(config), Load(probes.affine(arrays)), Forward(arrays.x[:size], True))
    return (*calls, Backward(arrays.dy[:size])) if can.gradients_in_training else calls


def _running(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """Two batches over replicas, and the first in one layer by itself."""
    config = replace(case.config(), replicas=_replicas(case, can))
    batches = (arrays.x, np.ascontiguousarray(arrays.x[::-1]) + arrays.x)
    return (
        Build(config),
        *probes.watched(batches),
        Build(case.config(), layer=1),
        *probes.watched([arrays.x], layer=1),
    )


def _inference(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    config = replace(case.config(), replicas=_replicas(case, can))
    return (Build(config), Load(probes.everything(arrays)), Forward(arrays.x, False))


_DOMAIN = replace(probes.PLAIN, pool=_POOL, momenta=(0.9, 0.99, 0.5, 0.1))
training = Probe("replica-training", _training, _DOMAIN, ("replicas", "training"), 0.5)
gradient = replace(training, name="replica-gradient", needs=("replicas", "training", "gradients_in_training"))
uneven = Probe("replica-uneven", _uneven, _DOMAIN, ("replicas", "uneven", "training"), 0.25)
running = Probe("replica-running", _running, _DOMAIN, ("replicas", "training", "running"), 0.25)
inference = Probe("replica-inference", _inference, _DOMAIN, ("replicas", "inference"), 0.1)


@requirement(
    "replica.training",
    MUST,
    "Over k replicas, in training, y is that of the whole batch.",
    source="[K, F, J]",
    probes=(training,),
    presupposes=("forward.training", "numerics.double"),
)
def normalised(trial: Trial) -> Verdict:
    return trial.forward_within(what="y[{}] over the replicas")


@requirement(
    "replica.gradient",
    MUST,
    "Over k replicas the gradients are those of the whole batch: dx takes every replica's dy into account.",
    source="[K, F, J]",
    probes=(gradient,),
    presupposes=("replica.training", "numerics.double", "gradient.input", "gradient.gamma", "gradient.beta"),
)
def gradients(trial: Trial) -> Verdict:
    return trial.gradients_within()


@requirement(
    "replica.uneven",
    MUST,
    "If the parts differ in size, every value still weighs the same.",
    source="[T]",
    probes=(uneven,),
    presupposes=("replica.training", "numerics.double"),
)
def weighed(trial: Trial) -> Verdict:
    verdicts = [trial.forward_within(what="y[{}] over uneven replicas")]
    if trial.backwards:
        verdicts += [trial.gradients_within()]
    return worst(verdicts)


@requirement(
    "replica.running",
    MUST,
    "The running statistics are the same in every replica, and those of one layer that sees the whole batch.",
    source="[K, F, J]",
    probes=(running,),
    presupposes=("replica.training", "numerics.double", "running.update"),
)
def kept(trial: Trial) -> Verdict:
    for _, answer in trial.answers(Parameters):
        assert isinstance(answer, Answer)
        for name, value in answer.arrays.items():
            of, at, replica = name.partition("@")
            if at and value.tobytes() != answer.arrays[of].tobytes():
                return failed(f"{of} of replica {replica} differs from that of replica 0")
    fits, best = trial.once(fitting)
    return passed(best.ratio) if fits else best


@requirement(
    "replica.inference",
    MUST,
    "In inference, k replicas give what one layer gives.",
    source="[K, F, J]",
    probes=(inference,),
    presupposes=("forward.inference", "numerics.double"),
)
def unmoved(trial: Trial) -> Verdict:
    return trial.forward_within(what="y[{}] over the replicas")
