"""How two implementations differ: in what they hold, in their conventions, in their numbers on the same cases; and
how to carry weights from each to the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from conformance.cases.case import Case
from conformance.idioms.porting import NoRecipe, Side, Verified, recipe, verify
from conformance.implementation import DTYPES, PARAMETERS, Array, Capabilities
from conformance.judging.level import Level
from conformance.judging.probe import Probe
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome
from conformance.protocol.messages import Identity
from conformance.requirements import gradient, probes
from conformance.results.model import Report
from conformance.running.observing import observe
from conformance.running.shard import Shard
from conformance.worker.client import Worker

#: Requirements whose outcome or observation tells one implementation from another.
PATTERNS = ("shape.*", "running.*", "degenerate.*", "forward.dtype", "purity.parameters", "numerics.half")
_PORTED = 12  # layers moved to verify a recipe


@dataclass(frozen=True, slots=True)
class Row:
    """One thing on which the two differ, in words."""

    what: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """The largest difference of two implementations' outputs on the same cases.

    :ivar of: which output: ``y in training``, ``dx`` ...
    :ivar worst: in units of the bound; infinite where one is finite and the other is not.
    :ivar beyond: of how many features it exceeds the bounds of both, that is 2.
    :ivar case: the input where it is worst, that feature alone; ``exact``, ``a`` and ``b`` the values there.
    """

    of: str
    dtype: str
    cases: int
    experiments: int
    worst: float
    beyond: int
    case: Case | None = None
    exact: float | None = None
    a: float | None = None
    b: float | None = None


@dataclass(frozen=True, slots=True)
class Port:
    """A recipe from ``source`` to ``target`` and what came of running it, or why there is none."""

    source: str
    target: str
    code: str = ""
    verified: Verified = field(default_factory=Verified)
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """:ivar versions: of both. :ivar held, conventions, outcomes: what differs; ``same`` counts what does not."""

    a: str
    b: str
    versions: tuple[str, str]
    held: tuple[Row, ...]
    conventions: tuple[Row, ...]
    outcomes: tuple[Row, ...]
    same: int
    numbers: tuple[Numbers, ...]
    ports: tuple[Port, ...]
    seed: int
    max_examples: int


def compare(report: Report, a: Worker, b: Worker, *, seed: int, max_examples: int) -> Comparison:
    """Compare two implementations.

    :param report: of a run of both, of :data:`PATTERNS` at least.
    """
    both = (a.name, b.name)
    conventions, outcomes, same = _judged(report, *both)
    shared = common(a.identity.capabilities, b.identity.capabilities)
    one, other = (_side(report, worker.name, worker.identity) for worker in (a, b))
    cases = _moved(common(a.identity.capabilities, b.identity.capabilities, moving=False), seed)
    return Comparison(
        *both,
        (_version(a.identity), _version(b.identity)),
        _held(report, *both),
        conventions,
        outcomes,
        same,
        tuple(_numbers(a, b, shared, seed, max_examples)),
        (_port(one, other, cases), _port(other, one, cases)),
        seed,
        max_examples,
    )


def common(a: Capabilities, b: Capabilities, *, moving: bool = True) -> Capabilities:
    """What both declare.

    :param moving: along which axes the features may lie is a matter of the adapters, which may move them; else it
        is one of the frameworks themselves.
    """
    bound = [each.axes for each in (a, b) if each.axes != "any" and not (moving and each.moves_axis)]
    flags = ("training", "inference", "running")
    training = a.gradients_in_training and b.gradients_in_training
    inference = a.gradients_in_inference and b.gradients_in_inference
    return replace(
        a,
        dtypes=tuple(d for d in DTYPES if d in a.dtypes and d in b.dtypes),
        ranks=tuple(r for r in a.ranks if r in b.ranks),
        axes=tuple(axis for axis in bound[0] if all(axis in each for each in bound)) if bound else "any",
        moves_axis=False,
        compiles=a.compiles or b.compiles,
        gradients=training if training == inference else "training" if training else "inference",
        gradients_of=tuple(name for name in a.gradients_of if name in b.gradients_of),
        epsilon=b.epsilon if a.epsilon is None else a.epsilon,
        momentum=b.momentum if a.momentum is None else a.momentum,
        **{name: getattr(a, name) and getattr(b, name) for name in flags},
    )


def _version(identity: Identity) -> str:
    return f"{identity.name} {identity.version}"


# -- in words


def _held(report: Report, a: str, b: str) -> tuple[Row, ...]:
    """Names, shapes and dtypes of what layers hold, where they differ."""
    infos = {each.id: each for each in report.implementations}
    names_a, names_b = (dict(can.names) if (can := infos[name].capabilities) else {} for name in (a, b))
    named = [(p, names_a.get(p, p), names_b.get(p, p)) for p in PARAMETERS]
    rows = [Row(f"name of {p}", one, other) for p, one, other in named if one != other]
    theirs = {(h.input_shape, h.axis, h.dtype): h.arrays for h in report.held if h.implementation == b}
    for mine in report.held:
        key = (mine.input_shape, mine.axis, mine.dtype)
        if mine.implementation != a or key not in theirs:
            continue
        for parameter in dict.fromkeys((*mine.arrays, *theirs[key])):
            left, right = mine.arrays.get(parameter), theirs[key].get(parameter)
            # What only one of them has is said once, and not for every input.
            where = f" for {key[0]}, axis {key[1]}, {key[2]}" if left and right else ""
            if left != right:
                said = (f"{each.shape} {each.dtype}" if each else "none" for each in (left, right))
                rows.append(Row(f"{parameter}{where}", *said))
    return tuple(dict.fromkeys(rows))


def _judged(report: Report, a: str, b: str) -> tuple[tuple[Row, ...], tuple[Row, ...], int]:
    """(what was observed differently, what came out differently, how much is the same)."""
    conventions, outcomes, same = [], [], 0
    for requirement in report.requirements:
        one, other = report.result(a, requirement.id), report.result(b, requirement.id)
        if one is None or other is None:
            continue
        judged = [each for each in (one, other) if each.outcome is not Outcome.UNSUPPORTED]
        if len(judged) == 2 and one.observed != other.observed and (one.observed or other.observed):
            row = Row(requirement.id, one.observed or str(one.outcome), other.observed or str(other.outcome))
            conventions.append(row)
        elif one.outcome is not other.outcome:
            outcomes.append(Row(requirement.id, str(one.outcome), str(other.outcome)))
        elif judged:
            same += 1
    return tuple(conventions), tuple(outcomes), same


def _side(report: Report, name: str, identity: Identity) -> Side:
    def seen(requirement: str) -> str | None:
        result = report.result(name, requirement)
        return None if result is None or result.outcome.failing else result.observed

    return Side(name, identity, seen("running.momentum"), seen("running.variance"))


# -- in numbers


@dataclass(frozen=True, slots=True)
class _Output:
    """One output of a probe's script, and how to judge it."""

    of: str
    probe: Probe
    got: Callable[[Trial], Array | None]
    exact: Callable[[Trial], tuple[Array, Array]]


def _forward(of: str, probe: Probe) -> _Output:
    def exact(trial: Trial) -> tuple[Array, Array]:
        expected = trial.expected(level=Level.MUST)
        return expected.y, np.asarray(expected.bound)

    return _Output(of, probe, lambda trial: trial.forwards[0].got, exact)


def _dx(trial: Trial) -> tuple[Array, Array]:
    expected = trial.expected_gradients(level=Level.MUST)
    return expected.exact.x, np.asarray(expected.bounds.x)


_OUTPUTS = (
    _forward("y in training", probes.training),
    _forward("y in training, mean far from 0", probes.training_ill),
    _forward("y in inference", probes.inference),
    _Output("dx", gradient.training, lambda trial: trial.backwards[0].got("x"), _dx),
)


def _numbers(a: Worker, b: Worker, shared: Capabilities, seed: int, max_examples: int) -> Iterator[Numbers]:
    for dtype in shared.dtypes:
        for output in _OUTPUTS:
            if output.probe.lacking(shared) is None:
                cases = Shard(output.probe, dtype, seed, max_examples, ()).cases(shared)
                yield _compared(output, dtype, cases, a, b)


def _compared(output: _Output, dtype: str, cases: tuple[Case, ...], a: Worker, b: Worker) -> Numbers:
    found = Numbers(output.of, dtype, 0, 0, 0.0, 0)
    for case in cases:
        trials = [Trial(case, observe(output.probe, case, w), w.identity.capabilities) for w in (a, b)]
        if any(t.observation.lost or t.observation.unexpected() for t in trials):
            continue
        one, other = (output.got(trial) for trial in trials)
        exact, bound = output.exact(trials[0])
        if one is None or other is None or one.shape != exact.shape or other.shape != exact.shape:
            continue
        found = _worse(found, case, one, other, exact, bound)
    return found


def _worse(found: Numbers, case: Case, one: Array, other: Array, exact: Array, bound: Array) -> Numbers:
    with np.errstate(all="ignore"):
        left, right = one.astype(np.float64), other.astype(np.float64)
        ratio = np.abs(left - right) / bound
        ratio = np.where((left == right) | (np.isnan(left) & np.isnan(right)), 0.0, ratio)
        ratio = np.where(np.isnan(ratio), math.inf, ratio)
    by_feature = np.moveaxis(ratio, case.axis, 0).reshape(case.n, -1).max(axis=1)
    counted = replace(
        found,
        cases=found.cases + 1,
        experiments=found.experiments + case.n,
        beyond=found.beyond + int((by_feature > 2).sum()),
    )
    if by_feature.max() <= found.worst:
        return counted
    index = np.unravel_index(int(ratio.argmax()), ratio.shape)
    return replace(
        counted,
        worst=float(ratio[index]),
        case=case.only((int(index[case.axis]),)),
        exact=float(exact[index]),
        a=float(left[index]),
        b=float(right[index]),
    )


# -- recipes


def _moved(shared: Capabilities, seed: int) -> tuple[Case, ...]:
    """Layers to move: of shapes that both take as they are."""
    if "float32" not in shared.dtypes or probes.inference.lacking(shared) is not None:
        return ()
    small = replace(shared, compiles=True)
    return Shard(probes.inference, "float32", seed, _PORTED, ()).cases(small)


def _port(source: Side, target: Side, cases: tuple[Case, ...]) -> Port:
    try:
        code = recipe(source, target)
        verified = (
            verify(source, target, cases) if cases else Verified(problem="they share no float32 inference")
        )
    except NoRecipe as why:
        return Port(source.id, target.id, why_not=str(why))
    return Port(source.id, target.id, code, verified)
