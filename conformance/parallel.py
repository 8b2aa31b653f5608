"""Tasks on a pool of processes, with progress as it is made, and an orderly end when interrupted."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from conformance.campaign import Settings, Task, TaskResult, run_task
from conformance.requirement import Outcome
from conformance.shard import ShardResult


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
    step: Callable[[Step], None] = lambda _: None,
    finished: Callable[[TaskResult], None] = lambda _: None,
) -> tuple[list[TaskResult], bool]:
    """Every implementation's result, in the order of ``names``, and whether the run was interrupted.

    On KeyboardInterrupt the shards under way end after their current case, and what was judged so far is
    returned.

    :param step: called here for every shard that is done. :param finished: and for every implementation.
    """
    context = multiprocessing.get_context("spawn")
    stop, steps = context.Event(), context.Queue()
    interrupted = False
    with ProcessPoolExecutor(
        max_workers=max(1, min(jobs, len(names))),
        mp_context=context,
        initializer=_initialise,
        initargs=(stop, steps),
    ) as pool:
        futures = {pool.submit(_run, Task(name, settings)): name for name in names}
        told: set[Future[TaskResult]] = set()
        while True:
            try:
                done, waiting = wait(futures, timeout=0.1)
                _drain(steps, step)
                for future in done - told:
                    told.add(future)
                    finished(_result(future, futures[future]))
                if not waiting:
                    break
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                stop.set()
    return [_result(future, name) for future, name in futures.items()], interrupted


def _result(future: Future[TaskResult], name: str) -> TaskResult:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return TaskResult(name, "broken", problem=f"the judging process died: {error}")


def _drain(steps: Any, step: Callable[[Step], None]) -> None:
    while True:
        try:
            step(steps.get_nowait())
        except queue.Empty:
            return


# Set in every process of the pool when it starts.
_stop: Any = None
_steps: Any = None


def _initialise(stop: Any, steps: Any) -> None:
    global _stop, _steps
    _stop, _steps = stop, steps
    # The interrupt is for the suite's own process to handle; it tells the others by the event.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(task: Task) -> TaskResult:
    def tell(name: str, result: ShardResult) -> None:
        failing = sum(t.worst is not None and t.worst.outcome in _FAILING for t in result.tallies)
        _steps.put(Step(name, result.probe, result.dtype, failing))

    return run_task(task, _stop.is_set, tell)


_FAILING = tuple(outcome for outcome in Outcome if outcome.failing)
