"""saved: a layer outlives its process.

What a checkpoint leaves out shows only when training goes on from it: each format that a layer can be saved in is
tried, from one process to another.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.implementation import Capabilities
from conformance.judging import model
from conformance.judging.level import MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, worst
from conformance.protocol.messages import Backward, Build, Call, Forward, Load, Parameters, Resume, Script
from conformance.requirements import probes
from conformance.requirements.running import held, unchanged


def _saved(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """For each format, and each kind of average, a layer that is trained, saved and restored, and trained on."""
    batches = [realise(replace(case, seed=(case.seed + k) % (1 << 32))).x for k in range(4)]
    calls: list[Call] = []
    averages = [False, *([True] if can.cumulative else [])]
    every = [(format, cumulative) for format in can.saves for cumulative in averages]
    for layer, (format, cumulative) in enumerate(every):
        config = replace(case.config(), cumulative=cumulative)
        calls += [Build(config, layer=layer)]
        # A plain average counts its batches, which what is loaded would do away with.
        calls += [Load(probes.affine(arrays) if can.running else probes.applicable(arrays, can), layer=layer)]
        for x in batches[:2]:
            calls += [*probes.possible(can, Forward(x, True, layer=layer))]
        calls += [
            Parameters(layer=layer, label=f"before {layer}"),
            Resume(config, format, layer=layer),
            Parameters(layer=layer, label=f"after {layer}"),
        ]
        for training in probes.modes(can):
            calls += [Forward(batches[2 if training else 3], training, layer=layer)]
            calls += [Backward(arrays.dy, layer=layer)] * can.differentiates(training)
            calls += [Parameters(layer=layer)]
    return tuple(calls)


saved = Probe("saved", _saved, replace(probes.PLAIN, max_count=64), ("saves", "parameters"), 0.1)


@requirement(
    "saved.state",
    MUST,
    "A layer that is saved, and restored in another process, holds what it held, bit for bit.",
    source="[T, K]",
    probes=(saved,),
)
def restored(trial: Trial) -> Verdict:
    found = []
    for call, _ in trial.answers(Resume):
        before, after = (held(trial, f"{when} {call.layer}") for when in ("before", "after"))
        found.append(unchanged(before, after, f"it was saved as {call.format} and restored"))
    return worst(found)


@requirement(
    "saved.onward",
    MUST,
    "A restored layer goes on as if nothing had happened: outputs, gradients and running averages are those of the "
    "layer that was saved.",
    source="[T, K]",
    probes=(saved,),
    presupposes=(
        "saved.state",
        "forward.training",
        "forward.inference",
        "gradient.input",
        "gradient.inference",
        "numerics.double",
        "running.update",
    ),
)
def goes_on(trial: Trial) -> Verdict:
    script, found = trial.observation.script, []
    for number, call in enumerate(script):
        if isinstance(call, Resume):
            after = frozenset(k for k in range(number, len(script)) if script[k].layer == call.layer)
            own = replace(trial, looked_at=after)
            verdict = model.answers(own)
            if verdict.outcome.failing:
                verdict = replace(verdict, message=f"{verdict.message} (saved as {call.format})")
            found.append(verdict)
    return worst(found)
