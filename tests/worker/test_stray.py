"""A worker that a signal from outside ends is tried again once, before that is a verdict on its implementation."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from conformance.judging.verdict import Outcome
from conformance.results.build import build
from conformance.running.campaign import Settings, Task, run_task
from conformance.worker.client import Worker
from conformance.worker.process import CannotStart
from tests.conftest import HANGS
from tests.processes import descendants, leaders, needs_proc
from tests.worker.scripts import HOSTILE, armed, hostile, numbered, right, script, verdict

pytestmark = [needs_proc, pytest.mark.usefixtures("nothing_is_left_behind")]


def kill(worker: Worker, number: int) -> None:
    assert worker.pid is not None
    os.kill(worker.pid, number)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an implementation leaves a mark that it has done it once."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestOnce:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
    def test_between_calls_no_script_is_lost(self, number: int) -> None:
        if signal.getsignal(number) == signal.SIG_IGN:
            pytest.skip("needs hangups that are not ignored, as nohup has them")
        with hostile("Sound") as worker:
            for k, observation in enumerate(worker.stream(script(numbered(k)) for k in range(30))):
                assert right(observation)
                if k in (0, 9):
                    kill(worker, number)
            assert worker.strays and set(worker.strays) == {signal.Signals(number).name}

    def test_in_a_call_the_script_is_performed_again(self, folder: Path) -> None:
        with hostile("KilledOnce") as worker:
            assert all(map(right, worker.stream([script(), armed(), script()])))
            assert worker.strays == ["SIGKILL"] and worker.restarts == 1
        assert (folder / "killed").exists()

    def test_at_the_start_it_is_started_again(self, folder: Path) -> None:
        with hostile("KilledOnceInInit") as worker:
            assert right(worker.run(script()))
            assert worker.strays == ["SIGKILL"] and worker.restarts == 1
        assert (folder / "killed").exists()


class TestTwice:
    """It is the implementation's."""

    def test_is_a_crash(self) -> None:
        with hostile("Last") as worker:
            before, lost, after = worker.stream([script(), armed(), script()])
            assert right(before) and right(after)
            assert verdict(lost)[0] is Outcome.CRASH and "SIGKILL" in verdict(lost)[1]
            assert worker.strays == []

    def test_need_not_be_seen_again(self) -> None:
        """In the same shard at the same call: each of twelve costs a start, and the first one more."""
        with hostile("Last") as worker:
            assert [o.lost is not None for o in worker.stream([armed()] * 12)] == [True] * 12
            assert worker.run(armed()).lost is not None
            assert worker.restarts == 13

    def test_at_the_start_it_does_not_start(self) -> None:
        with pytest.raises(CannotStart, match="died at hello: signal SIGKILL"):
            hostile("KilledInInit")


@pytest.mark.parametrize("name", ["SegmentationFault", "Abort", "Exit"])
def test_a_fault_of_its_own_is_seen_once(name: str) -> None:
    """Nobody else sends these; one that is gone at a second try is a finding all the same."""
    with hostile(name) as worker:
        assert worker.run(armed()).lost is not None
        assert worker.restarts == 0 and worker.strays == []


def test_a_timeout_is_not_tried_again() -> None:
    """It ends by a signal, and that was the suite's."""
    with hostile("Sleeps", timeout=1.0) as worker:
        assert worker.run(armed()).lost is not None
        assert worker.restarts == 0 and worker.strays == []


def test_the_report_says_so_and_is_otherwise_the_same() -> None:
    settings = Settings(("forward.training",), ("float32",), max_examples=24, timeout=HANGS)
    name = f"{HOSTILE}:Sound"
    undisturbed = run_task(Task(name, settings))
    asked = iter(range(1000))

    def stop() -> bool:
        """Asked before each case, and never true."""
        if next(asked) == 9:
            for worker in leaders(descendants(os.getpid())):
                os.kill(worker, signal.SIGKILL)
        return False

    result = run_task(Task(name, settings), stop)
    (shard,), (other,) = result.shards, undisturbed.shards
    assert repr(shard.tallies) == repr(other.tallies)
    (info,) = build([result], settings, started=0.0, seconds=0.0).implementations
    assert info.status == "complete"
    assert info.notes == (
        "its worker was ended from outside once (SIGKILL), and what it had at hand was tried again",
    )
