"""The tests that :mod:`conformance.pytest_plugin` adds: a file, the class of an implementation in it, and a test for
each requirement, ``my_adapter.py::MyBatchNorm::shape.gamma``.

Each test judges its own requirement alone, when it is run, so that ``-k``, ``-x``, node ids and xdist cost what they
select and no more. Requirements that look at the same experiment repeat it: all of them one by one take up to half as
long again as together. The process of an implementation is started for its first test and kept to its last.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.implementation import DTYPES
from conformance.judging.level import Level
from conformance.judging.requirement import Requirement
from conformance.judging.verdict import Outcome
from conformance.report.card import Card, card
from conformance.report.causes import Cause
from conformance.requirements.catalogue import catalogue
from conformance.results.build import build
from conformance.results.model import Report
from conformance.running.campaign import Settings, TaskResult
from conformance.running.layouts import spare
from conformance.running.shard import Shard, ShardResult, shard_in_steps
from conformance.running.shown import make_small
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound, resolve
from conformance.worker.process import CannotStart

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_MOST_CHARACTERS, _MOST_LINES = 4000, 12


@dataclass(frozen=True, slots=True)
class Asked:
    """An implementation asked for.

    :ivar name: for the worker. :ivar path: its file, if it is named by one; then ``attribute`` is its class.
    :ivar always: whether by ``--bnconf``, so that the other arguments do not restrict it.
    """

    name: str
    path: Path | None
    attribute: str
    always: bool

    def selects(self, argument: str, folder: Path) -> str | None:
        """What ``argument``, a node id, selects of this implementation: a requirement, ``""`` for all of them;
        None if it is no node id of this implementation.
        """
        place, *names = argument.split("::")
        if self.path is not None:
            if not names or (folder / place).resolve() != self.path or names[0] != self.attribute:
                return None
            names = names[1:]
        elif not names or place != self.name:
            return None
        return "::".join(names)

    def lies_in(self, argument: str, folder: Path) -> bool:
        """Whether ``argument``, a file or a folder, is its own or one above it."""
        return self.path is not None and self.path.is_relative_to((folder / argument).resolve())


class Conformance:
    """Adds the tests to those that pytest collects by itself.

    :raises pytest.UsageError: an option, or an implementation's name, is not what it should be.
    """

    def __init__(self, config: pytest.Config) -> None:
        option = config.option
        for wrong in set(option.bnconf_dtype) - set(DTYPES):
            raise pytest.UsageError(f"--bnconf-dtype {wrong}: expected one of {', '.join(DTYPES)}")
        for flag, value, least in (
            ("--bnconf-max-examples", option.bnconf_max_examples, 1),
            ("--bnconf-seed", option.bnconf_seed, 0),
        ):
            if value < least:
                raise pytest.UsageError(f"{flag} {value}: expected {least} or more")
        dtypes = tuple(option.bnconf_dtype) or DTYPES
        settings = Settings((), dtypes, option.bnconf_max_examples, option.bnconf_seed)
        self.settings = settings
        self.levels = (Level.MUST, Level.SHOULD) if option.bnconf_strict else (Level.MUST,)
        here = config.invocation_params.dir
        home = config.inipath.parent if config.inipath else config.rootpath
        asked = [_asked(name, here, always=True) for name in option.bnconf]
        asked += [_asked(name, home, always=False) for name in config.getini("bnconf_implementations")]
        self.asked = list({each.name: each for each in reversed(asked)}.values())[::-1]
        self.selected: dict[str, list[str]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Take what selects these tests from the arguments: pytest would look for it in a file or folder."""
        config, here = session.config, session.config.invocation_params.dir
        given = config.args_source is pytest.Config.ArgsSource.ARGS
        left = []
        for argument in config.args:
            found = [(a.name, s) for a in self.asked if (s := a.selects(argument, here)) is not None]
            for name, requirement in found:
                self.selected.setdefault(name, []).append(requirement)
            if not found:
                left.append(argument)
        config.args = left
        if self.selected:
            self.asked = [each for each in self.asked if each.name in self.selected]
        elif given:
            self.asked = [
                each for each in self.asked if each.always or any(each.lies_in(a, here) for a in left)
            ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        for node in self._nodes(session):
            items.extend(session.genitems(node))

    def _nodes(self, session: pytest.Session) -> Iterator[pytest.Collector]:
        for path in dict.fromkeys(each.path for each in self.asked):
            asked = [each for each in self.asked if each.path == path]
            if path is not None:
                yield AdapterFile.from_parent(session, path=path, conformance=self, asked=asked)
            else:
                yield from (_implementation(session, self, each) for each in asked)

    def requirements(self, name: str) -> Iterable[Requirement]:
        """Those of an implementation that the arguments ask for.

        :raises pytest.UsageError: they ask for one that does not exist.
        """
        wanted = self.selected.get(name, [""])
        return catalogue() if "" in wanted else catalogue(tuple(wanted))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A skip is told of the implementation, not of the line below that skips."""
        report = yield
        if isinstance(item, RequirementItem) and report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), 1, report.longrepr[2])
        return report


def _asked(name: str, folder: Path, *, always: bool) -> Asked:
    place, _, attribute = name.rpartition(":")
    path = None
    if place.endswith(".py") and not name.startswith("exec:"):
        path = (folder / place).resolve()
        name = f"{path}:{attribute}"
    try:
        resolve(name)
    except NotFound as error:
        raise pytest.UsageError(f"{error}") from None
    return Asked(name, path, attribute, always)


class AdapterFile(pytest.File):
    """A file with implementations in it. pytest does not import it: a worker does."""

    def __init__(self, *, conformance: Conformance, asked: list[Asked], **rest: Any) -> None:
        super().__init__(**rest)
        self.conformance, self.asked = conformance, asked

    def collect(self) -> Iterator[pytest.Collector]:
        return (_implementation(self, self.conformance, each) for each in self.asked)


def _implementation(parent: pytest.Collector, conformance: Conformance, asked: Asked) -> Implementation:
    more = {"name": asked.attribute} if asked.path else {"name": asked.name, "nodeid": asked.name}
    node: Implementation = Implementation.from_parent(parent, conformance=conformance, asked=asked, **more)
    return node


class Implementation(pytest.Collector):
    """An implementation, and while its tests run, the process it runs in."""

    def __init__(self, *, conformance: Conformance, asked: Asked, **rest: Any) -> None:
        super().__init__(**rest)
        self.conformance, self.asked = conformance, asked
        self.failed: set[str] = set()
        self._worker: Worker | None = None
        self._problem: str | None = None

    def collect(self) -> Iterator[pytest.Item]:
        try:
            requirements = self.conformance.requirements(self.asked.name)
        except ValueError as error:
            raise self.CollectError(str(error)) from None
        for each in requirements:
            yield RequirementItem.from_parent(self, name=each.id, requirement=each)

    def teardown(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def judge(self, requirement: Requirement) -> Report:
        """A report of this requirement alone, with no result if there was no case to judge by.

        :raises CannotStart: the implementation's process does not start, or not again.
        """
        if self._problem is not None:
            raise CannotStart(self._problem)
        settings = replace(self.conformance.settings, patterns=(requirement.id,))
        try:
            if self._worker is None:
                self._worker = Worker(self.asked.name, timeout=settings.timeout)
            worker, ahead = self._worker, settings.shards()
            spare(worker, [shard.probe for shard in ahead])
            shards = tuple(_judged(shard, worker) for shard in ahead)
            make_small(shards, ahead, worker, lambda: False)
        except CannotStart as error:
            self._problem = "it does not start, as said above"
            raise error from None
        done = TaskResult(self.asked.name, "complete", worker.identity, shards)
        return build([done], settings, started=0.0, seconds=0.0)


def _judged(shard: Shard, worker: Worker) -> ShardResult:
    steps = shard_in_steps(shard, worker)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: ShardResult = end.value
            return result


class RequirementItem(pytest.Item):
    """One requirement of one implementation."""

    parent: Implementation

    def __init__(self, *, requirement: Requirement, **rest: Any) -> None:
        super().__init__(**rest)
        self.requirement = requirement

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.parent.name} {self.name}"

    def runtest(self) -> None:
        """The warnings of the project's own code are its affair, and so are filters that make them errors; what the
        suite computes must not depend on them.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                report = self.parent.judge(self.requirement)
        except CannotStart as error:
            pytest.fail(_plain(f"{self.parent.name} was not judged: {error}"), pytrace=False)
        result = next(iter(report.results), None)
        if result is None or result.outcome is Outcome.UNSUPPORTED:
            pytest.skip(_plain(f"unsupported: {result.message}") if result else "no case to judge by")
        if result.observed:
            self.user_properties.append(("observed", result.observed))
        if result.worst_ratio is not None:
            self.user_properties.append(("worst_ratio", result.worst_ratio))
        if result.outcome.failing:
            self._fails(card(report, Cause(result)), result.fails_at(self.parent.conformance.levels))

    def _fails(self, failure: Card, counts: bool) -> NoReturn:
        earlier = [name for name in self.requirement.presupposes if name in self.parent.failed]
        self.parent.failed.add(self.name)
        if counts:
            pytest.fail(_laid_out(failure, earlier), pytrace=False)
        # Not pytest.xfail(), which does nothing under --runxfail: there this is a failure, as it should be.
        raise pytest.xfail.Exception(_plain(f"{failure.headline}: {failure.message}"))


def _laid_out(failure: Card, earlier: list[str]) -> str:
    """The message first: pytest repeats the first line in its summary."""
    lines = [failure.message, f"{failure.statement} {failure.headline}"]
    lines += [text for _, text in failure.parts("diagnosis", "case")]
    if earlier:
        fails = "fails" if len(earlier) == 1 else "fail"
        lines.append(f"It presupposes {', '.join(earlier)}, which {fails} as well: see there first.")
    return "\n".join(map(_plain, lines))


def _plain(text: str) -> str:
    """An implementation chooses some of these words: a screenful of them at most, and nothing a terminal obeys."""
    return _CONTROL.sub("\ufffd", "\n".join(text[:_MOST_CHARACTERS].splitlines()[:_MOST_LINES]))
