"""session: in any circumstances, every answer is that of the definition.

One probe takes the rows that cover all circumstances (see :mod:`conformance.exploration`). Its requirements look at
the scripts of all other probes as well: whatever is answered anywhere is judged.
"""

from __future__ import annotations

from conformance.exploration.session import session as script
from conformance.judging import model
from conformance.judging.level import MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict
from conformance.requirements import probes

session = Probe("session", script, probes.PLAIN, rows=True)


@requirement(
    "session.output",
    MUST,
    "Every output is that of the definition, whatever came before, however large and wherever in memory x is.",
    source="[P, S, N]",
    probes=(session,),
    presupposes=(
        "shape.gamma",
        "shape.beta",
        "shape.output",
        "forward.training",
        "forward.inference",
        "forward.axis",
        "forward.epsilon",
        "forward.dtype",
        "forward.no-affine",
        "numerics.bound",
        "numerics.variance",
        "numerics.double",
        "degenerate.constant",
        "degenerate.nan",
        "mask.training",
        "mask.inference",
        "replica.training",
        "replica.uneven",
        "replica.inference",
        "purity.history",
        "purity.layers",
        "saved.state",
        "saved.onward",
    ),
    everywhere=True,
)
def output(trial: Trial) -> Verdict:
    return trial.once(model.outputs)


@requirement(
    "session.gradient",
    MUST,
    "Every gradient is that of the definition, whatever came before, and wherever x and dy lie in memory.",
    source="[P, S, N]",
    probes=(session,),
    presupposes=(
        "shape.gamma",
        "shape.beta",
        "forward.training",
        "numerics.bound",
        "numerics.double",
        "gradient.gamma",
        "gradient.beta",
        "gradient.input",
        "gradient.inference",
        "gradient.shape",
        "mask.gradient",
        "replica.gradient",
        "replica.uneven",
        "purity.history",
        "saved.onward",
        "session.output",
    ),
    everywhere=True,
)
def gradient(trial: Trial) -> Verdict:
    return trial.once(model.gradients)


@requirement(
    "session.state",
    MUST,
    "Training moves the running statistics once, always in the same way. Nothing else moves anything: no inference, "
    "no backward call, no refused call, no empty batch. What is loaded is held.",
    source="[P, K, T]",
    probes=(session,),
    presupposes=(
        "shape.gamma",
        "shape.beta",
        "shape.running-mean",
        "shape.running-var",
        "running.update",
        "running.inference",
        "running.extremes",
        "running.loaded",
        "running.no-affine",
        "numerics.double",
        "degenerate.empty",
        "mask.running",
        "replica.running",
        "purity.input",
        "purity.parameters",
        "saved.state",
        "saved.onward",
    ),
    everywhere=True,
)
def state(trial: Trial) -> Verdict:
    return trial.once(model.state)


@requirement(
    "session.refusal",
    MUST,
    "Every call that the definition has an answer to is answered, and not refused.",
    source="[P]",
    probes=(session,),
    presupposes=(
        "shape.gamma",
        "shape.beta",
        "forward.training",
        "forward.inference",
        "forward.axis",
        "forward.no-affine",
        "gradient.input",
        "mask.training",
        "mask.inference",
        "replica.training",
        "replica.uneven",
        "replica.inference",
    ),
    everywhere=True,
)
def refusal(trial: Trial) -> Verdict:
    return trial.once(model.refusals)
