"""What is said of a failure, once; each form of the report lays it out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from conformance.judging.level import Level
from conformance.judging.place import locate, shown_input
from conformance.judging.verdict import Outcome
from conformance.judging.wording import times
from conformance.report.causes import Cause, causes
from conformance.report.marks import FAIL, PASS, Mark
from conformance.report.naming import named
from conformance.report.words import described_case
from conformance.results.baseline import Known
from conformance.results.case_file import CaseFile
from conformance.results.model import INFINITE, Report, Result, spelled_out
from conformance.studies.replay import Replay

#: The parts of a card that are whole lines.
Part: TypeAlias = Literal["statement", "message", "diagnosis", "excuse", "case", "consequence"]

_FOREIGN = """\
# This script was in a report.json, and may be anybody's: bnconf did not make it, and did not check it.
# Read it before you run it.
"""


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest case on which a requirement fails.

    :ivar words: the case in a few lines. :ivar file: the same for ``bnconf replay``, as JSON.
    :ivar path: where the file lies beside the report, without its ending. :ivar implementation: whose case it is.
    :ivar script: Python that shows the failure with the framework's own API alone, if there is one.
    :ivar foreign: whether the script is from a file, and so anybody's.
    :ivar expected, actual: the worst value, where it is a matter of one.
    """

    words: str
    file: str = ""
    path: str = ""
    script: str | None = None
    expected: float | None = None
    actual: float | None = None
    implementation: str = ""
    foreign: bool = False

    @property
    def script_path(self) -> str:
        """Where the script lies beside the report. One from a file is text, which nobody runs by mistake."""
        return f"{self.path}.py.txt" if self.foreign else f"{self.path}.py"

    @property
    def replay(self) -> str:
        """The command that performs it again."""
        # A file is not trusted to say what to run, but for an id: whoever replays it names the rest.
        own = f" {shlex.quote(self.implementation)}" if ":" in self.implementation else ""
        return f"bnconf replay {shlex.quote(self.path)}.json{own}"


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of one failure, in words; empty where there is nothing to say.

    :ivar headline: level, outcome, dtypes, and how far beyond the bound. :ivar statement: what is required.
    :ivar source: on whose authority. :ivar message: what happened. :ivar diagnosis: what explains it.
    :ivar known: the entries of a baseline that cover it. :ivar followers: what fails because of it.
    :ivar command: judges this requirement again.
    """

    implementation: str
    requirement: str
    level: Level
    outcome: Outcome
    mark: Mark
    headline: str
    statement: str
    source: str
    message: str
    diagnosis: str = ""
    known: tuple[Known, ...] = ()
    smallest: Smallest | None = None
    followers: tuple[str, ...] = ()
    command: str = ""

    @property
    def excuse(self) -> str:
        return "\n".join(f"known: {each.reason} {each.link}".rstrip() for each in self.known)

    @property
    def case(self) -> str:
        return self.smallest.words if self.smallest else ""

    @property
    def consequence(self) -> str:
        return f"these fail because of it: {', '.join(self.followers)}" if self.followers else ""

    def parts(self, *names: Part) -> Iterator[tuple[Part, str]]:
        """Those of the parts that are not empty, in the order asked."""
        for name in names:
            if text := getattr(self, name):
                yield name, text


def cards(report: Report) -> list[Card]:
    """One for each cause, in the order in which to read them."""
    return [card(report, each) for each in causes(report)]


def card(report: Report, cause: Cause) -> Card:
    """What a report says of one failure."""
    result = cause.result
    requirement = next(each for each in report.requirements if each.id == result.requirement)
    return Card(
        result.implementation,
        result.requirement,
        cause.level,
        result.outcome,
        cause.mark,
        _headline(cause),
        requirement.statement,
        requirement.source,
        result.message,
        result.diagnosis or "",
        result.known,
        smallest(result),
        tuple(each.requirement for each in cause.followers),
        command(report, result),
    )


def replayed(name: str, found: Replay) -> Card:
    """What came of one case again, whether it failed or not."""
    verdict, case, requirement = found.verdict, found.trial.case, found.requirement
    level = requirement.level_for(case.dtype)
    x = shown_input(found.trial.observation.script, locate(found.trial.observation, verdict), case)
    named = found.diagnosis is not None and found.diagnosis.key  # One case alone seldom shows what it is.
    return Card(
        name,
        requirement.id,
        level,
        verdict.outcome,
        FAIL if verdict.outcome.failing else PASS,
        f"{level}, {verdict.outcome}" + (f", {times(verdict.ratio)}" if verdict.ratio is not None else ""),
        requirement.statement,
        requirement.source,
        verdict.message,
        found.diagnosis.text if found.diagnosis and named else "",
        smallest=Smallest(described_case(case, spelled_out(case, x))),
    )


def smallest(result: Result) -> Smallest | None:
    """The smallest case of a failure, where it shows in a single one."""
    found = result.counterexample
    if found is None:
        return None
    file = CaseFile(result.requirement, found.case, result.implementation, found.probe)
    return Smallest(
        described_case(found.case, found.arrays),
        file.to_json(),
        f"cases/{named(result.implementation)}/{named(result.requirement)}",
        f"{_FOREIGN}\n{found.script}" if found.foreign else found.script,
        found.expected,
        found.actual,
        result.implementation,
        found.foreign,
    )


def command(report: Report, result: Result | None = None) -> str:
    """The command that repeats the run, or as much of it as a failure takes."""
    suite = report.suite
    budget = f"--max-examples {suite.max_examples} --seed {suite.seed}"
    if result is None:
        return f"bnconf run {shlex.join(each.id for each in report.implementations)} {budget}"
    dtype = result.failing_dtypes[0]
    return f"bnconf run {shlex.join([result.implementation, '-r', result.requirement, '--dtype', dtype])} {budget}"


def _headline(cause: Cause) -> str:
    result = cause.result
    text = f"{cause.level}, {result.outcome} in {', '.join(cause.dtypes)}"
    if result.outcome is not Outcome.FAIL or result.worst_ratio is None:
        return text
    beyond = "not finite" if result.worst_ratio >= INFINITE else times(result.worst_ratio)
    return f"{text}, at worst {beyond}"
