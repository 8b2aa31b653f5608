"""The signals that end a run: the first asks for an orderly end, the second ends it at once."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Those by which people and machines end a run.
ENDING = frozenset(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_ONE = 0.2  # seconds in which several are one: make, say, passes on what the terminal has sent to all


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether a signal has come that ends a run. The first is noted, and disturbs nothing that is under way: what it
    finds in the middle of reading or writing is done whole. At a second one KeyboardInterrupt is raised.
    """
    came: list[float] = []

    def take(*_: object) -> None:
        came.append(time.monotonic())
        if came[-1] - came[0] > _ONE:
            raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        # Under nohup a hangup is ignored.
        before = {each: signal.getsignal(each) for each in ENDING if signal.getsignal(each) != signal.SIG_IGN}
    for each in before:
        signal.signal(each, take)
    try:
        yield lambda: bool(came)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
