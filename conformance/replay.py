"""One failing case again, from a file, on the same implementation or another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from conformance.case import Case
from conformance.diagnosis import Diagnosis, diagnose
from conformance.probes import Probe
from conformance.requirement import Requirement, Trial, Verdict, catalogue
from conformance.shard import observe
from conformance.worker.client import Worker

_MOST_BYTES = 1 << 20


class BadCase(Exception):
    """What was given is no case file; the message names the file and what was expected."""


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


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a case file: the verdict, and what explains it if it is a failure."""

    requirement: Requirement
    trial: Trial
    verdict: Verdict
    diagnosis: Diagnosis | None


def read_case(path: Path) -> CaseFile:
    """:raises BadCase: the file cannot be read, or holds no case."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadCase(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise BadCase(f"{path} is larger than a case, which has at most {_MOST_BYTES >> 20} MiB")
    try:
        found = msgspec.json.decode(data, type=CaseFile)
    except msgspec.ValidationError as error:
        raise BadCase(f"{path} is not a case file of bnconf run: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadCase(f"{path} is not JSON, or cut short: {error}") from None
    _experiment(found, path)
    return found


def _experiment(file: CaseFile, path: Path | str = "the case") -> tuple[Requirement, Probe]:
    """:raises BadCase: there is no such requirement, or it has no such probe."""
    requirement = next((each for each in catalogue() if each.id == file.requirement), None)
    if requirement is None:
        raise BadCase(f"{path}: there is no requirement {file.requirement!r}; see bnconf requirements")
    for probe in requirement.probes:
        if file.probe in ("", probe.name):
            return requirement, probe
    known = ", ".join(probe.name for probe in requirement.probes)
    raise BadCase(f"{path}: {requirement.id} has no probe {file.probe!r}; it has {known}")


def replay(file: CaseFile, worker: Worker) -> Replay:
    """Have an implementation perform the case, and judge it.

    :raises BadCase: the implementation declares that it cannot take part.
    """
    requirement, probe = _experiment(file)
    can, case = worker.identity.capabilities, file.case
    rank = len(case.shape)
    lacking = probe.lacking(can)
    if case.dtype not in can.dtypes:
        lacking = f"declares no {case.dtype}"
    elif rank not in can.ranks or not can.takes_axis(case.axis, rank):
        lacking = f"declares no input of rank {rank} with features along axis {case.axis}"
    if lacking:
        raise BadCase(f"{worker.name} {lacking}")
    trial = Trial(case, observe(probe, case, worker), can)
    verdict = requirement.verdict(trial)
    explained = None
    if verdict.outcome.failing:
        with suppress(ArithmeticError, ValueError, LookupError):
            explained = diagnose([trial], requirement.level_for(case.dtype))
    return Replay(requirement, trial, verdict, explained)
