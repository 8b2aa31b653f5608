"""One failing case as a file, to be passed on and edited by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from conformance.cases.case import Case
from conformance.exploration.session import check
from conformance.judging.probe import Probe
from conformance.judging.requirement import Requirement
from conformance.requirements.catalogue import catalogue

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
    experiment_of(found, path)
    try:
        check(found.case)
    except ValueError as error:
        raise BadCase(f"{path}: {error}") from None
    return found


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
