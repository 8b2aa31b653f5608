"""Which processes there are, for tests of what is left behind. Reads /proc."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import HANGS

#: For tests that would prove nothing where this module cannot look.
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")


def alive(group: int) -> list[int]:
    """The live processes of a group or session."""
    return [pid for pid, (_, *belongs) in _table().items() if group in belongs]


def descendants(pid: int) -> list[int]:
    """The live processes started by ``pid``, and those they started."""
    table, found = _table(), [pid]
    for each in found:
        found += [child for child, (parent, *_) in table.items() if parent == each]
    return found[1:]


def leaders(pids: list[int]) -> list[int]:
    """Those that lead a group of their own, as workers do."""
    table = _table()
    return [pid for pid in pids if pid in table and table[pid][1] == pid]


def end(pids: list[int], within: float = 60.0) -> list[int]:
    """Those that are still alive after so many seconds. They are killed then, to trouble no other test."""
    deadline = time.monotonic() + within
    while (left := [pid for pid in pids if pid in _table()]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + HANGS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def _table() -> dict[int, tuple[int, int, int]]:
    """(parent, group, session) of every process that is not a zombie."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status, *numbers = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if status not in "ZX":
                parent, group, session = map(int, numbers)
                table[int(entry.name)] = parent, group, session
    return table
