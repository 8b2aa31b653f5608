"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The exit status. Wrong usage is 2: that is click's."""

    HOLDS = 0
    FAILED = 1
    COULD_NOT_START = 3
    COULD_NOT_WRITE = 4
    DEFECT = 70  # of the suite
    INTERRUPTED = 130
