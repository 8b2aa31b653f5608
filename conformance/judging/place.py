"""Where in a script a failure shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import Array
from conformance.judging.verdict import Verdict
from conformance.protocol.messages import Answer, Forward, Observation, Raised, Script


@dataclass(frozen=True, slots=True)
class Place:
    """Where a failure shows.

    :ivar call: number of the call in its script. :ivar array: which of the arrays of its answer; empty where the
        call itself is what failed.
    """

    call: int
    array: str = ""


def locate(observation: Observation, verdict: Verdict) -> Place | None:
    """The call, and the array of its answer, of which a verdict speaks; None where it speaks of several."""
    if observation.lost is not None:
        return Place(min(len(observation.answers), len(observation.script) - 1))
    for number, (call, answer) in enumerate(zip(observation.script, observation.answers, strict=False)):
        if isinstance(answer, Raised) and not call.may_raise:
            return Place(number)
    if verdict.index is not None and verdict.actual is not None:
        for number, answer in enumerate(observation.answers):
            array = answer.arrays.get(verdict.array) if isinstance(answer, Answer) else None
            if array is not None and _holds(array, verdict.index, verdict.actual):
                return Place(number, verdict.array)
    if verdict.call is None:
        return None
    return Place(verdict.call, "y" if isinstance(observation.script[verdict.call], Forward) else "")


def shown_input(script: Script, place: Place | None, case: Case) -> Array:
    """The x of the call in which a failure shows. A probe may put a NaN into the x of its case, or scale it.

    :param place: where the failure shows; None where it shows in several calls. Then the first counts.
    """
    own, calls = realise(case).x, script
    if place is not None:
        layer = script[place.call].layer
        calls = tuple(call for call in reversed(script[: place.call + 1]) if call.layer == layer)
    sent = [call.x for call in calls if isinstance(call, Forward) and call.x.shape == own.shape]
    return sent[0] if sent else own


def _holds(array: Array, index: tuple[int, ...], value: float) -> bool:
    if array.ndim != len(index) and not (len(index) == 1 and array.size == max(array.shape, default=1)):
        return False
    try:
        found = float(array[index] if array.ndim == len(index) else array.ravel()[index])
    except IndexError:
        return False
    return found == value or (math.isnan(found) and math.isnan(value))
