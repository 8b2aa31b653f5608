"""What the tests of workers need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.worker import reaper
from tests.processes import descendants, end


def descriptors() -> int:
    """How many are open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def nothing_is_left_behind() -> Iterator[None]:
    """No test leaves a process or an open descriptor, whatever was done to the worker."""
    if not Path("/proc/self/fd").exists():
        yield
        return
    reaper.unwatch(
        0
    )  # The one process that stays until this one ends is started before the first is counted.
    processes, opened = set(descendants(os.getpid())), descriptors()
    yield
    assert end([pid for pid in descendants(os.getpid()) if pid not in processes]) == []
    assert descriptors() == opened
