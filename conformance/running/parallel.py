"""Tasks on a pool of processes, with progress as it is made, and an orderly end when interrupted."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

from conformance.judging.verdict import Outcome
from conformance.running.campaign import Settings, TaskResult, joined, run_together
from conformance.running.safe_path import for_others, safe_path
from conformance.running.shard import ShardResult


@dataclass(frozen=True, slots=True)
class Step:
    """A shard was finished."""

    implementation: str
    probe: str
    dtype: str
    failing: int


def run_all(
    names: list[str],
    settings: Settings,
    *,
    jobs: int,
    together: int = 1,
    step: Callable[[Step], None] = lambda _: None,
    finished: Callable[[TaskResult], None] = lambda _: None,
) -> tuple[list[TaskResult], bool]:
    """Every implementation's result, in the order of ``names``, and whether the run was interrupted. Where there are
    fewer implementations than jobs, their dtypes are spread over the jobs.

    On KeyboardInterrupt the shards under way end after their current case, and what was judged so far is
    returned. On a second one all is dropped, and it is raised.

    :param together: how many a process judges side by side; worth it where they are many and small.
    :param step: called here for every shard that is done. :param finished: and for every implementation.
    """
    _keep_account()
    context = multiprocessing.get_context("spawn")
    stop, steps = context.Event(), context.Queue()
    interrupted = False
    others = set(multiprocessing.active_children())
    parts = _parts(names, settings, jobs, together)
    with ProcessPoolExecutor(
        max_workers=max(1, min(jobs, len(parts))),
        mp_context=context,
        initializer=_initialise,
        initargs=(stop, steps),
    ) as pool:
        futures: dict[Future[list[TaskResult]], _Part] = {}
        told: set[str] = set()
        while True:
            try:
                if not futures:
                    with _uninterrupted(), safe_path():
                        futures = {pool.submit(_run, part, settings): part for part in parts}
                done, waiting = wait(futures, timeout=0.1)
                _drain(steps, step)
                pending = {name for future in waiting for name in futures[future].names}
                ended = {name for future in done for name in futures[future].names} - pending - told
                if ended:
                    told |= ended
                    for each in _together(futures, settings):
                        if each.implementation in ended:
                            finished(each)
                if not waiting:
                    break
            except KeyboardInterrupt:
                if interrupted:
                    # Workers end by themselves when the process that started them is gone.
                    for process in set(multiprocessing.active_children()) - others:
                        process.kill()
                    raise
                interrupted = True
                stop.set()
    _drain(steps, step)
    return _together(futures, settings), interrupted


@dataclass(frozen=True, slots=True)
class _Part:
    """What one process does in one go. :ivar dtypes: those of the settings it does."""

    names: tuple[str, ...]
    dtypes: tuple[str, ...]


def _parts(names: list[str], settings: Settings, jobs: int, together: int) -> list[_Part]:
    groups = [tuple(names[k : k + together]) for k in range(0, len(names), together)]
    # Until it is rejected, one dtype decides whether the next is tried.
    spread = 1 if settings.until_rejected or not groups else jobs // len(groups)
    several = max(1, min(spread, len(settings.dtypes)))
    return [_Part(group, settings.dtypes[k::several]) for group in groups for k in range(several)]


def _together(futures: Mapping[Future[list[TaskResult]], _Part], settings: Settings) -> list[TaskResult]:
    """The results of what is done, the parts of an implementation as one."""
    found: dict[str, list[TaskResult]] = {}
    for future, part in futures.items():
        if future.done():
            for each in _results(future, part):
                found.setdefault(each.implementation, []).append(each)
    return [joined(parts, settings) if len(parts) > 1 else parts[0] for parts in found.values()]


def _results(future: Future[list[TaskResult]], part: _Part) -> list[TaskResult]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        problem = f"the judging process died: {error}"
    except Exception as error:  # A defect of the suite must not cost the other implementations.
        trace = "".join(traceback.format_exception(error))
        problem = f"the suite failed on it: {error!r}\n{trace}"
    return [TaskResult(name, "broken", problem=problem) for name in part.names]


def _keep_account() -> None:
    """Start the process that keeps account of shared resources, deaf to a hangup, as it is to other signals."""
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
        handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with safe_path():
            resource_tracker.ensure_running()
        signal.signal(signal.SIGHUP, handler)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """An interrupt that comes meanwhile is raised afterwards. Processes started meanwhile are born deaf to
    it, until :func:`_initialise` has them ignore it.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    came: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def _drain(steps: Any, step: Callable[[Step], None]) -> None:
    while True:
        try:
            step(steps.get_nowait())
        except queue.Empty:
            return


_ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
_GRACE = 2.0  # seconds from a signal to the word of the suite's own process

# Set in every process of the pool when it starts.
_stop: Any = None
_steps: Any = None


def _initialise(stop: Any, steps: Any) -> None:
    global _stop, _steps
    _stop, _steps = stop, steps
    for_others()
    # The interrupt is for the suite's own process to handle; it tells the others by the event.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in _ENDING - {signal.SIGINT}:
        signal.signal(each, lambda *_: threading.Timer(_GRACE, _end_unless_stopping).start())
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    threading.Thread(target=_end_with_the_suite, daemon=True).start()


def _end_unless_stopping() -> None:
    """A signal to the whole group reaches the suite's own process too, which then says to stop in an orderly way. One
    that does not is a pool that ends its processes.
    """
    if not _stop.is_set():
        os._exit(1)


def _end_with_the_suite() -> None:
    """A pool does not notice that nobody waits for it any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(part: _Part, settings: Settings) -> list[TaskResult]:
    def tell(name: str, result: ShardResult) -> None:
        failing = sum(t.worst is not None and t.worst.outcome in _FAILING for t in result.tallies)
        _steps.put(Step(name, result.probe, result.dtype, failing))

    return run_together(part.names, settings, _stop.is_set, tell, only=part.dtypes)


_FAILING = tuple(outcome for outcome in Outcome if outcome.failing)
