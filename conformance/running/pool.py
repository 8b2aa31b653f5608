"""A pool of processes. Each does one task at a time, and says what it finds as it goes.

Each has a pipe of its own, and they share nothing, no lock and no queue: so one that dies, whenever that is, costs
what it was doing, and disturbs no other.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeAlias

from conformance.running.interrupts import ENDING
from conformance.running.safe_path import for_others, safe_path
from conformance.worker.process import manner

_GRACE = 2.0  # seconds from a signal to the word of the suite's own process, and from that to the end

#: What a process does with a task: told with what to say what it finds, and with what to ask whether to stop.
Do: TypeAlias = Callable[[Any, Callable[[Any], None], Callable[[], bool]], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """A task is over. :ivar how: what its process did instead of bringing it to an end."""

    how: str = ""


@dataclass(slots=True)
class _Member:
    process: SpawnProcess
    link: Connection
    about: Any = None


class Pool:
    """A context manager, at whose end no process is left.

    :param do: a function that can be imported. :param most: how many processes there are at most.
    """

    def __init__(self, do: Do, most: int) -> None:
        self._do, self._most = do, most
        self._members: list[_Member] = []
        _keep_account()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for each in self._members:
            each.link.close()  # which ends it
            if kind is not None:
                each.process.kill()
        for each in self._members:
            each.process.join(_GRACE)
            each.process.kill()

    @property
    def busy(self) -> bool:
        return bool(self.at_hand)

    @property
    def has_room(self) -> bool:
        return len(self.at_hand) < self._most

    @property
    def at_hand(self) -> list[Any]:
        """What the tasks under way are about."""
        return [each.about for each in self._members if each.about is not None]

    def give(self, task: Any, about: Any) -> None:
        """Where there is room. :param about: what the task is about, by which :meth:`heard` names it."""
        while True:
            idle = next((each for each in self._members if each.about is None), None) or self._started()
            try:
                idle.link.send(task)
            except OSError:  # It died while it had nothing to do.
                self._ended(idle)
                continue
            idle.about = about
            return

    def stop(self) -> None:
        """Ask all to come to an end with what they do."""
        for each in self._members:
            with suppress(OSError):
                each.link.send(None)

    def heard(self, timeout: float) -> Iterator[tuple[Any, Any]]:
        """What is said meanwhile, each with what its task is about; at last how that :class:`Ended`."""
        by_link = {each.link: each for each in self._members if each.about is not None}
        for link in wait(list(by_link), timeout):
            member = by_link[link]  # type: ignore[index]
            about = member.about
            try:
                said = member.link.recv()
            except (EOFError, OSError):
                said = Ended(f"died ({self._ended(member)})")
            if isinstance(said, Ended):
                member.about = None
            yield about, said

    def _started(self) -> _Member:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(self._do, theirs))
        with _held_back(), safe_path():
            process.start()
        theirs.close()
        self._members.append(_Member(process, ours))
        return self._members[-1]

    def _ended(self, member: _Member) -> str:
        """In which manner."""
        self._members.remove(member)
        member.link.close()
        member.process.join(_GRACE)
        if member.process.exitcode is None:
            member.process.kill()
            member.process.join()
        return manner(member.process.exitcode or 0)


def _keep_account() -> None:
    """Start the process that keeps account of shared resources, deaf to a hangup, as it is to other signals."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
        handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with safe_path():
            resource_tracker.ensure_running()
        signal.signal(signal.SIGHUP, handler)


@contextmanager
def _held_back() -> Iterator[None]:
    """Signals that come meanwhile are taken afterwards. Processes started meanwhile are born deaf to them, until
    :func:`_mind` has them listen.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


# -- in a process of the pool


def _serve(do: Do, link: Connection) -> None:
    for_others()
    tasks, stop = queue.SimpleQueue[Any](), threading.Event()
    _mind(stop)
    threading.Thread(target=_listen, args=(link, tasks, stop), daemon=True).start()
    while True:
        task = tasks.get()
        try:
            do(task, link.send, stop.is_set)
            ended = Ended()
        except Exception as error:  # A defect of the suite must not cost more than this task.
            trace = "".join(traceback.format_exception(error))
            ended = Ended(f"failed, by a defect of the suite: {error!r}\n{trace}")
        link.send(ended)


def _listen(link: Connection, tasks: queue.SimpleQueue[Any], stop: threading.Event) -> None:
    while True:
        try:
            task = link.recv()
        except (EOFError, OSError):  # Nobody waits for it any more.
            os._exit(1)
        if task is None:
            stop.set()
        else:
            tasks.put(task)


def _mind(stop: threading.Event) -> None:
    """The interrupt is for the suite's own process to handle; it tells the others."""

    def end_unless_stopping() -> None:
        if not stop.is_set():
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in ENDING - {signal.SIGINT}:
        # One to the whole group reaches the suite's own process too, which then says to stop; one to this ends it.
        signal.signal(each, lambda *_: threading.Timer(_GRACE, end_unless_stopping).start())
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
