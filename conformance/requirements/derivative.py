"""derivative: derivatives of y with respect to x of any order, by whatever mode they are composed.

Gradient penalties, Hessian-vector products, and the higher derivatives of physics-informed networks differentiate
what backward gave. A composition of modes is judged by the value of the derivative alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.cases.domain import Domain
from conformance.implementation import Array, Capabilities
from conformance.judging.derivatives import expected
from conformance.judging.level import MUST
from conformance.judging.probe import Probe
from conformance.judging.requirement import requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict, failed, within, worst
from conformance.protocol.messages import Answer, Build, Call, Derivative, Load, Script
from conformance.requirements import probes

_DTYPES = ("float32", "float64")


def _script(order: int, *, training: bool) -> Callable[[Case, Arrays, Capabilities], Script]:
    def script(case: Case, arrays: Arrays, can: Capabilities) -> Script:
        """Every composition of that order that is declared, each on a layer of its own."""
        loaded = probes.affine(arrays) if training else probes.everything(arrays)
        along = tuple(_direction(case, number) for number in range(order))
        calls: list[Call] = []
        for layer, name in enumerate(_declared(can, order)):
            modes = tuple(reversed(name.split(" over ")))
            calls += [Build(case.config(), layer=layer), Load(loaded, layer=layer)]
            calls.append(Derivative(arrays.x, training, modes, along, layer=layer, label=name))  # type: ignore[arg-type]
        return tuple(calls)

    return script


def _declared(can: Capabilities, order: int) -> Iterator[str]:
    """Those of an order. Of the first there is forward mode alone: reverse mode is what the group gradient judges."""
    return (
        name
        for name in can.derivatives
        if len(name.split(" over ")) == order and (order > 1 or name == "forward")
    )


def _direction(case: Case, number: int) -> Array:
    return realise(replace(case, seed=(case.seed + 101 * (number + 1)) % (1 << 32))).dy


#: Few shapes, since each composition is compiled for each; and means near zero, since a derivative of order k has
#: the k-th power of what is wrong with the statistics.
_DOMAIN = Domain(
    values=("normal", "two-valued", "integer"),
    kappas=(0.0, 1.0, -0.5),
    scales=(1.0, 2.0, 0.5),
    gammas=("random", "negative", "one"),
    epsilons=(1e-3, 1e-5, 0.25),
    pool=(((6, 3), 1), ((3, 2, 4), 1), ((2, 3, 2, 3), 1), ((4, 2, 3), -1), ((2, 2, 2, 2, 2), 1), ((3, 5), 0)),
)


#: Fewer for the third order, of which a shape takes seconds to trace.
_OF_THIRD = replace(_DOMAIN, pool=_DOMAIN.pool[1:4])


def _probe(order: int, needs: tuple[str, ...], share: float, *, training: bool = True) -> Probe:
    name = f"derivative-{order}" if training else f"derivative-{order}-fixed"
    domain = _OF_THIRD if order == 3 else _DOMAIN
    return Probe(name, _script(order, training=training), domain, needs, share, _DTYPES)


first = _probe(1, ("forward_mode", "training"), 0.25)
second = _probe(2, ("second_derivatives", "training"), 0.25)
third = _probe(3, ("third_derivatives", "training"), 0.25)
fixed = _probe(1, ("forward_mode", "inference"), 0.1, training=False)
fixed_second = _probe(2, ("second_derivatives", "inference"), 0.1, training=False)


def _right(trial: Trial) -> Verdict:
    """Whether every derivative of a script is right, and by which compositions not."""
    verdicts: dict[str, Verdict] = {}
    for call, answer in trial.answers(Derivative):
        got = answer.arrays["derivative"] if isinstance(answer, Answer) else None
        if got is not None and got.dtype != call.x.dtype:
            return failed(
                f"the derivative by {call.label} is {got.dtype.name}, where x is {call.x.dtype.name}"
            )
        exact, rest, bound = expected(trial, call)
        what = f"the derivative[{{}}] by {call.label}"
        axis = trial.case.axis
        verdicts[call.label] = within(got, exact, bound, axis=axis, rest=rest, what=what, array="derivative")
    found, wrong = worst(list(verdicts.values())), [name for name, v in verdicts.items() if v.outcome.failing]
    if not 0 < len(wrong) < len(verdicts):
        return found
    right = " and ".join(name for name in verdicts if name not in wrong)
    return replace(found, message=f"{found.message}; wrong by {' and '.join(wrong)}, right by {right}")


@requirement(
    "derivative.forward",
    MUST,
    "Forward mode gives the derivative of y along a direction, in training that of the statistics included.",
    source="[P, S]",
    probes=(first,),
    presupposes=("forward.training", "numerics.double"),
    dtypes=_DTYPES,
)
def forward(trial: Trial) -> Verdict:
    return _right(trial)


@requirement(
    "derivative.second",
    MUST,
    "A second derivative is that of the definition, by reverse over reverse and by every other composition.",
    source="[P, S]",
    probes=(second,),
    presupposes=("forward.training", "gradient.input", "derivative.forward", "numerics.double"),
    dtypes=_DTYPES,
)
def twice(trial: Trial) -> Verdict:
    return _right(trial)


@requirement(
    "derivative.third",
    MUST,
    "So is a third derivative.",
    source="[P, S]",
    probes=(third,),
    presupposes=("forward.training", "gradient.input", "derivative.second", "numerics.double"),
    dtypes=_DTYPES,
)
def thrice(trial: Trial) -> Verdict:
    return _right(trial)


@requirement(
    "derivative.inference",
    MUST,
    "With fixed statistics y is linear in x: its derivative is gamma / s times the direction, and the second one 0.",
    source="[P, S]",
    probes=(fixed, fixed_second),
    presupposes=("forward.inference", "gradient.inference", "numerics.double"),
    dtypes=_DTYPES,
)
def linear(trial: Trial) -> Verdict:
    return _right(trial)
