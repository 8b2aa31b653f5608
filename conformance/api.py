"""From Python, in a notebook or a test::

from conformance import check

found = check(MyBatchNorm, dtypes="float32")
found                                # the report, as a table
found.failures[0].arrays()["x"]      # the smallest input on which it fails
found.raise_for_failures()           # an AssertionError that says what does not hold
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import DTYPES, Array
from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.judging.wording import counted
from conformance.report import terminal
from conformance.report.card import Card, card
from conformance.report.causes import Cause, causes
from conformance.report.console import console as make_console
from conformance.report.notebook import html
from conformance.report.words import failing
from conformance.results.build import build
from conformance.results.model import Report, Result
from conformance.running.campaign import Settings, TaskResult, run_together
from conformance.worker.in_process import InProcessWorker
from conformance.worker.locate import NotFound, load, resolve
from conformance.worker.process import CannotStart


class DoesNotHold(AssertionError):
    """Requirements do not hold; the message says which, and on what input."""


@dataclass(frozen=True, repr=False)
class Failure:
    """One requirement that does not hold.

    :ivar level: MUST or SHOULD. :ivar result: all that the report says of it.
    """

    level: Level
    result: Result
    _card: Card

    @property
    def requirement(self) -> str:
        return self.result.requirement

    @property
    def message(self) -> str:
        return self.result.message

    @property
    def diagnosis(self) -> str | None:
        """What it computes instead, where that is known."""
        return self.result.diagnosis

    @property
    def case(self) -> Case:
        """The smallest case found on which it fails.

        :raises LookupError: there is none, since the failure shows in several cases side by side only.
        """
        if self.result.counterexample is None:
            raise LookupError(f"{self.requirement} fails on no single case: {self.message}")
        return self.result.counterexample.case

    def arrays(self) -> dict[str, Array]:
        """The arrays of that case, in its dtype: ``x`` as it was sent, and ``dy``, of its shape; ``gamma``, ``beta``,
        and the running ``mean`` and ``var``, (n,). Copies, to play with. Of a case of many values x is as it was
        drawn, before the experiment altered it.

        :raises LookupError: as :attr:`case`.
        """
        realised = realise(self.case)
        names = ("x", "dy", "gamma", "beta", "mean", "var")
        arrays = {name: getattr(realised, name).copy() for name in names}
        sent = self.result.counterexample.arrays.get("x") if self.result.counterexample else None
        if sent is not None:  # NaN and infinities are in words.
            arrays["x"] = np.array(sent, np.object_).astype(np.float64).astype(arrays["x"].dtype)
        return arrays

    def __str__(self) -> str:
        lines = [self._headline, *(text for _, text in self._card.parts("message", "diagnosis", "case"))]
        return "\n  ".join(line for text in lines for line in text.splitlines())

    @property
    def _headline(self) -> str:
        return f"{self.requirement}  {self._card.headline}"

    def __repr__(self) -> str:
        return f"<{self}>"


@dataclass(frozen=True, repr=False)
class Checked:
    """What came of :func:`check`. Shows itself as a table in a notebook, and printed with rich as ``bnconf run``
    prints it.
    """

    report: Report

    @property
    def holds(self) -> bool:
        """Whether every MUST does."""
        return self.report.exit_status() == 0

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What does not hold, MUST before SHOULD and causes before what follows from them."""
        found = [each for cause in causes(self.report) for each in (cause, *map(Cause, cause.followers))]
        failures = (Failure(each.level, each.result, card(self.report, each)) for each in found)
        return tuple(sorted(failures, key=lambda f: f.level is not Level.MUST))

    def raise_for_failures(self, *, strict: bool = False) -> None:
        """For a plain test.

        :param strict: a SHOULD that does not hold counts too.
        :raises DoesNotHold: there is one that does not.
        """
        counted = [each for each in self.failures if strict or each.level is Level.MUST]
        if counted:
            raise DoesNotHold("\n".join([self._headline(), *map(str, counted)]))

    def _headline(self) -> str:
        failures = self.failures
        must = sum(each.level is Level.MUST for each in failures)
        said = "everything holds"
        if failures:
            said = failing(must, len(failures) - must)
        (name,) = (each.id for each in self.report.implementations)
        count = counted(len(self.report.requirements), "requirement")
        return f"{name}, {count}, seed {self.report.suite.seed}: {said}"

    def __repr__(self) -> str:
        return "\n  ".join([self._headline(), *(each._headline for each in self.failures)])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        printed = io.StringIO()
        inner = make_console(file=printed, width=options.max_width, force_terminal=True, force_jupyter=False)
        terminal.show(self.report, inner)
        yield Text.from_ansi(printed.getvalue())

    def _repr_html_(self) -> str:
        return html(self.report)


def check(
    implementation: Any,
    *,
    requirements: str | Sequence[str] = (),
    dtypes: str | Sequence[str] = DTYPES,
    max_examples: int = 100,
    seed: int = 0,
    isolated: bool | None = None,
) -> Checked:
    """Judge one implementation.

    :param implementation: a name as on the command line; or a class that is made without arguments, or an
        object, as :class:`conformance.implementation.Implementation` describes them.
    :param requirements: patterns of requirement ids, such as ``"shape.*"``; none means all.
    :param dtypes: those to try of the dtypes it declares.
    :param max_examples: cases for each probe and dtype. :param seed: which cases.
    :param isolated: whether in a process of its own, where a crash or a hang is a finding; otherwise it is in
        this one, and takes it along. By default a name is isolated, a class or an object is not. A class can be
        if it can be imported.
    :raises ValueError: an argument makes no sense, or nothing asked for could be judged.
    :raises NotFound: there is no implementation of that name.
    :raises CannotStart: it could not be started; the message says why.
    """
    patterns, chosen = _several(requirements), _several(dtypes)
    unknown = [name for name in chosen if name not in DTYPES]
    if unknown or not chosen:
        raise ValueError(f"dtypes must be some of {', '.join(DTYPES)}; they are {dtypes!r}")
    if max_examples < 1 or not 0 <= seed < 1 << 63:
        raise ValueError(
            f"max_examples must be 1 or more, seed within [0, 2^63); they are {max_examples}, {seed}"
        )
    settings = Settings(patterns, chosen, max_examples, seed)
    settings.shards()
    started = time.time()
    result = _judged(implementation, settings, isolated)
    if result.status not in ("complete", "partial"):
        raise CannotStart(f"{result.implementation}: {result.problem}", result.missing)
    report = build([result], settings, started=started, seconds=time.time() - started)
    if all(each.outcome is Outcome.UNSUPPORTED for each in report.results):
        why = ", ".join(dict.fromkeys(each.message for each in report.results))
        raise ValueError(f"nothing was judged: {result.implementation} {why}")
    return Checked(report)


def _judged(implementation: Any, settings: Settings, isolated: bool | None) -> TaskResult:
    if isinstance(implementation, str):
        resolved = resolve(implementation)
        if isolated is not False:
            return run_together((implementation,), settings)[0]
        if resolved.startswith("exec:"):
            raise ValueError(f"{implementation!r} is a program, and always isolated")
        return _in_process(implementation, lambda: load(resolved), settings)
    if isolated:
        return run_together((_importable(implementation),), settings)[0]
    name = getattr(implementation, "__name__", type(implementation).__name__)
    make = implementation if isinstance(implementation, type) else lambda: implementation
    return _in_process(name, make, settings)


def _in_process(name: str, make: Any, settings: Settings) -> TaskResult:
    return run_together((name,), settings, start=lambda name, _: InProcessWorker(name, make))[0]


def _importable(implementation: Any) -> str:
    """The name under which another process finds it.

    :raises ValueError: it would not.
    """
    defined = getattr(implementation, "__wrapped__", implementation)  # a function that was adapted
    name = getattr(defined, "__qualname__", "")
    module = sys.modules.get(getattr(defined, "__module__", ""))
    if module is None or module.__name__ == "__main__" or getattr(module, name, None) is not implementation:
        raise ValueError(
            "isolated=True runs the implementation in a process of its own, which has to import it: expected its "
            f"name, or a class at the top of a module; it is {name or f'an object, of {type(defined).__name__}'}. "
            "Write it to a file, and pass 'file.py:Class', or leave isolated out"
        )
    file = getattr(module, "__file__", None) or ""
    return (
        f"{file}:{name}" if file.endswith(".py") and not module.__package__ else f"{module.__name__}:{name}"
    )


def _several(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


__all__ = ["CannotStart", "Checked", "DoesNotHold", "Failure", "NotFound", "check"]
