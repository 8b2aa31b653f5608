"""One failing case as a file, to be passed on and edited by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from conformance.cases.case import Case
from conformance.exploration.session import check
from conformance.judging.probe import Probe
from conformance.judging.requirement import Requirement
from conformance.requirements.catalogue import catalogue
from conformance.results.stranger import BadFile, contents
from conformance.worker.untrusted import harmless

#: The most that a file may ask for, which is what a campaign itself draws: a million values for each of 4 features.
MOST_ELEMENTS = 4_000_000
_MOST_SIZE = 1e30  # of a mean, of a spread and of epsilon; float32 holds it, and no experiment is about more


class BadCase(BadFile):
    """What was given is no case file; the message names the file and what was expected."""

    kind = "a case"
    most = 1 << 20


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a file in ``cases/`` holds: plain JSON, to be edited by hand.

    :ivar probe: the experiment; the first of the requirement's where none is given.
    """

    requirement: str
    case: Case
    implementation: str = ""
    probe: str = ""
    format: Literal["bnconf-case-1"] = "bnconf-case-1"

    def to_json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode() + "\n"


def read_case(path: Path) -> CaseFile:
    """:raises BadCase: the file cannot be read, or holds no case."""
    data = contents(path, BadCase)
    try:
        found = harmless(msgspec.json.decode(data, type=CaseFile))
    except msgspec.ValidationError as error:
        raise BadCase(f"{path} is not a case file of bnconf run: {error}") from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadCase(f"{path} is not JSON, or cut short: {error}") from None
    experiment_of(found, path)
    try:
        _affordable(found.case)
        check(found.case)
    except ValueError as error:
        raise BadCase(f"{path}: {error}") from None
    return found


def _affordable(case: Case) -> None:
    """:raises ValueError: a campaign would not draw it."""
    elements = math.prod(case.shape)
    if elements > MOST_ELEMENTS:
        raise ValueError(
            f"the case has {elements:,} values; a file may ask for {MOST_ELEMENTS:,}, the most that bnconf run draws"
        )
    means = (each.kappa * each.scale for each in case.features)
    sizes = (case.epsilon, *means, *(each.scale for each in case.features))
    if any(abs(size) > _MOST_SIZE for size in sizes):
        raise ValueError(f"epsilon, each scale, and kappa times scale must be at most {_MOST_SIZE:g} in size")


def experiment_of(file: CaseFile, path: Path | str = "the case") -> tuple[Requirement, Probe]:
    """:raises BadCase: there is no such requirement, or it has no such probe."""
    requirement = next((each for each in catalogue() if each.id == file.requirement), None)
    if requirement is None:
        raise BadCase(f"{path}: there is no requirement {file.requirement!r}; see bnconf requirements")
    # What holds everywhere is judged by the probes of all others as well.
    others = [probe for each in catalogue() for probe in each.probes] if requirement.everywhere else []
    for probe in (*requirement.probes, *others):
        if file.probe in ("", probe.name):
            return requirement, probe
    known = ", ".join(probe.name for probe in requirement.probes)
    raise BadCase(f"{path}: {requirement.id} has no probe {file.probe!r}; it has {known}")
