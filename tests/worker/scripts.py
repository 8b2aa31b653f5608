"""Scripts for a worker, and whether it answered them rightly. The implementations are those of hostile/layers.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.judging.level import Level
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Forward,
    Load,
    Observation,
    Parameters,
    Script,
)
from conformance.requirements.probes import training
from conformance.worker.client import Worker
from tests.conftest import HANGS

HOSTILE = Path(__file__).parents[1] / "hostile" / "layers.py"
ARMED = 0.5  # the epsilon at which they misbehave
CASE = Case((6, 3), 1)
MIB = 1 << 20


def hostile(name: str, *, timeout: float = HANGS, memory: int | None = None) -> Worker:
    return Worker(f"{HOSTILE}:{name}", timeout=timeout, start_timeout=HANGS, memory=memory)


def script(case: Case = CASE) -> Script:
    """Every call an implementation can get."""
    arrays = realise(case)
    parameters = {"gamma": arrays.gamma + np.float32(1), "beta": arrays.beta - np.float32(2)}
    return (
        Build(case.config()),
        Load(parameters),
        Forward(arrays.x, True),
        Backward(arrays.dy),
        Parameters(),
    )


def armed(case: Case = CASE) -> Script:
    return script(replace(case, epsilon=ARMED))


def right(observation: Observation) -> bool:
    """Whether every call was answered, and the answer to forward belongs to the script's own x."""
    if observation.lost is not None or len(observation.answers) != len(observation.script):
        return False
    build, _, forward, *_ = observation.script
    answer = observation.answers[2]
    assert isinstance(build, Build) and isinstance(forward, Forward) and isinstance(answer, Answer)
    x = forward.x.astype(np.float64)
    exact = 2 * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + build.config.epsilon) - 2
    return np.allclose(answer.arrays["y"], exact, atol=1e-4)


def verdict(observation: Observation) -> tuple[Outcome, str]:
    """What a requirement makes of it that looks at y."""
    requirement = Requirement("y", Level.MUST, "", "", (training,), lambda trial: trial.forward_within())
    case = replace(CASE, epsilon=ARMED)
    found = requirement.verdict(Trial(case, observation))
    return found.outcome, found.message


def numbered(k: int) -> Case:
    """Cases that differ in everything, so that no answer can be taken for another's."""
    return Case((4 + k % 5, 1 + k % 3), 1, seed=k)
