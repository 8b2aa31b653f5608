"""The suite's own processes and the current folder, where a ``socket.py`` is not to stand in for Python's module.

Python puts the current folder first on the path of a process that it starts with ``-c``, as pools of processes are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NAME, _OURS = "PYTHONSAFEPATH", "bnconf"


@contextmanager
def safe_path() -> Iterator[None]:
    """Python processes started meanwhile look for no module in the current folder."""
    before = os.environ.get(_NAME)
    os.environ[_NAME] = before or _OURS
    try:
        yield
    finally:
        if not before:
            del os.environ[_NAME]


def for_others() -> None:
    """In such a process: let what it starts, which may be a user's program with modules beside it, be as ever."""
    if os.environ.get(_NAME) == _OURS:
        del os.environ[_NAME]
