"""Whether a program speaks the worker protocol: named checks, each of which says one thing to it and looks at what
comes back. What it computes is no matter here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from conformance.worker.process import CannotStart
from conformance.worker.protocol_check import calls, ending, refusals
from conformance.worker.protocol_check.check import Unasked
from conformance.worker.protocol_check.talk import Talk, Wrong

CHECKS = (*calls.CHECKS, *refusals.CHECKS, *ending.CHECKS)


class CheckResult(msgspec.Struct, frozen=True):
    """What came of a check.

    :ivar statement: what should hold. :ivar message: what was found instead, or why it was not looked for.
    :ivar advice: what to do about it, where it does not hold.
    """

    name: str
    statement: str
    outcome: Literal["pass", "fail", "skip"]
    message: str = ""
    advice: str = ""


def examine(command: str, *, timeout: float = 10.0, start_timeout: float = 60.0) -> Iterator[CheckResult]:
    """Perform every check on a program, started anew after each that it fails.

    :param timeout: seconds for one reply, and to end. :param start_timeout: seconds for the first of a process.
    """
    talk: Talk | None = None
    passed: set[str] = set()
    try:
        for each in CHECKS:
            if lacking := [name for name in each.needs if name not in passed]:
                yield CheckResult(each.name, each.statement, "skip", f"presupposes {lacking[0]}")
                continue
            try:
                if talk is None or talk.ended:
                    talk = Talk(command, timeout=timeout, start_timeout=start_timeout)
                _ = talk.identity
                each.look(talk)
            except Unasked as why:
                yield CheckResult(each.name, each.statement, "skip", str(why))
            except (Wrong, CannotStart) as error:
                if talk is not None:
                    talk.close()
                yield CheckResult(each.name, each.statement, "fail", str(error), each.advice)
            else:
                passed.add(each.name)
                yield CheckResult(each.name, each.statement, "pass")
    finally:
        if talk is not None:
            talk.close()
