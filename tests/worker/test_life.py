"""How a worker starts, streams its scripts and ends, whatever its implementation does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.judging.verdict import Outcome
from conformance.protocol.messages import (
    Answer,
    Build,
    Descend,
    Script,
)
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart
from tests.conftest import WAITS
from tests.processes import alive, end, needs_proc, until
from tests.worker.scripts import ARMED, CASE, HOSTILE, armed, hostile, numbered, right, script, verdict

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


# implementation, and what is to be read of it
UNSTARTED = [
    ("FailsInInit", "OSError: libcudart.so.12: cannot open shared object file"),
    ("ExitsInInit", "SystemExit: a licence is required"),
    ("DiesInInit", "died at hello: signal SIGSEGV"),
    ("LacksAPackage", "ModuleNotFoundError: No module named 'a_framework_nobody_has'"),
    ("LacksAModule", "ModuleNotFoundError: No module named 'numpy.nn'"),
    ("HasNoBuild", "Malformed: HasNoBuild has no attribute 'build'"),
    ("HasNoVersion", "Malformed: HasNoVersion has no attribute 'version'"),
    ("DeclaresAMapping", "Malformed: capabilities must be a Capabilities; it is a mappingproxy"),
    ("DeclaresAString", "answered hello with nonsense: Expected `array`, got `str` - at `$.capabilities.dtypes`"),
    ("DeclaresAClass", "TypeError: cannot send a type"),
    ("DeclaresNoSuchDtype",
     "capabilities.dtypes must be some of float32, float64, float16, bfloat16; it is ('float32', 'float128')"),
    ("DeclaresNoRank", "capabilities.ranks must be some of 2, 3, 4, 5; it is ()"),
    ("DeclaresRankOne", "capabilities.ranks must be some of 2, 3, 4, 5; it is (1, 2)"),
    ("DeclaresNoSuchAxis", "capabilities.axes has no axis of an input of rank 2; it is (3,)"),
    ("DeclaresNothingToFreeze",
     "capabilities.frozen must be some of parameters, statistics, all, untracked; it is ('weather',)"),
    ("DeclaresAFlagThatIsNone", "Invalid enum value 'yes' - at `$.capabilities.gradients`"),
    ("NoSuchClass", "NotFound: "),
]  # fmt: skip


class TestStart:
    """An implementation that does not start says why."""

    @pytest.mark.parametrize(("name", "words"), UNSTARTED, ids=[name for name, _ in UNSTARTED])
    def test_failure_is_told(self, name: str, words: str) -> None:
        with pytest.raises(CannotStart) as told:
            hostile(name)
        assert words in str(told.value)
        assert told.value.missing == ("a_framework_nobody_has" if name == "LacksAPackage" else None)

    def test_failing_import_is_told(self) -> None:
        with pytest.raises(CannotStart, match="ImportError: cannot import name 'no_such_thing'"):
            Worker(f"{HOSTILE.parent / 'broken_import.py'}:BatchNorm")

    def test_has_a_time_limit_of_its_own(self) -> None:
        command = "sh -c 'echo connecting to the licence server >&2; exec sleep 3600'"
        with pytest.raises(
            CannotStart, match=r"no answer to hello within 3 s\nconnecting to the licence server"
        ):
            Worker(f"exec:{command}", start_timeout=WAITS)

    @pytest.mark.parametrize(
        "name", ["nobody", "nofile.py:Layer", "file.py", ":Layer", "module:", "exec:", "exec:  ", "exec:'"]
    )
    def test_name_that_means_nothing_starts_nothing(self, name: str) -> None:
        with pytest.raises(NotFound):
            Worker(name)


class TestStream:
    """Scripts are sent ahead of the answers, and each gets its own."""

    def test_order_is_kept(self) -> None:
        scripts = [script(numbered(k)) for k in range(40)]
        with hostile("Sound") as worker:
            observations = list(worker.stream(iter(scripts)))
        assert [o.script for o in observations] == scripts
        assert all(map(right, observations))

    def test_scripts_are_drawn_as_they_are_needed(self) -> None:
        """So that a run can be stopped between cases, and its cases need not all be in memory."""
        drawn = []

        def scripts() -> Iterator[Script]:
            for k in range(100):
                drawn.append(k)
                yield script(numbered(k))

        with hostile("Sound") as worker:
            stream = worker.stream(scripts())
            for k in range(20):
                assert right(next(stream))
                assert k < len(drawn) <= k + 6

    @pytest.mark.parametrize("hostiles", [(0,), (7, 8), (3, 11, 39), tuple(range(30, 36))])
    def test_crashes_cost_their_own_scripts_only(self, hostiles: tuple[int, ...]) -> None:
        """What was sent ahead of the answers is sent again."""
        cases = [numbered(k) for k in range(40)]
        scripts = [armed(c) if k in hostiles else script(c) for k, c in enumerate(cases)]
        with hostile("Exit") as worker:
            observations = list(worker.stream(scripts))
            assert worker.restarts == len([k for k in hostiles if k != 39])
        assert [o.script for o in observations] == scripts
        assert [k for k, o in enumerate(observations) if not right(o)] == list(hostiles)

    def test_ended_from_within(self) -> None:
        """The one at hand is lost, at whatever point, and no other."""
        for at in (0, 9):
            with hostile("Sound") as worker:
                observations = []
                for observation in worker.stream(script(numbered(k)) for k in range(30)):
                    observations.append(observation)
                    if len(observations) == at + 1:
                        assert worker.pid is not None
                        os.kill(worker.pid, signal.SIGABRT)
                wrong = [k for k, o in enumerate(observations) if not right(o)]
                # The worker may have been ahead of us, and have answered all that it had been sent.
                assert len(observations) == 30 and len(wrong) == 1 and at < wrong[0] <= at + 6
                lost = observations[wrong[0]].lost
                assert lost is not None and lost.outcome == "crash" and "SIGABRT" in lost.text

    def test_large_arrays_both_ways(self) -> None:
        """More than any pipe holds, while as much again is on its way back."""
        scripts = [script(Case((1 << 14, 16), 1, seed=k)) for k in range(8)]
        with hostile("Sound") as worker:
            assert all(map(right, worker.stream(scripts)))

    def test_descent_among_others(self) -> None:
        """Its calls depend on answers, so it waits for the others, and they for it."""
        arrays = realise(CASE)
        ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
        descent = (Build(CASE.config()), Descend(arrays.x, ones, zeros, rate=1 / 6, steps=40))
        with hostile("Sound") as worker:
            first, learned, last = worker.stream([script(), descent, script()])
        assert right(first) and right(last)
        answer = learned.answers[1]
        assert isinstance(answer, Answer)
        x = arrays.x.astype(np.float64)
        np.testing.assert_allclose(answer.arrays["beta"], x.mean(axis=0), atol=1e-3)
        np.testing.assert_allclose(answer.arrays["gamma"], np.sqrt(x.var(axis=0) + 1e-5), atol=1e-3)

    @pytest.mark.parametrize(
        "name", ["SegmentationFaultInBackward", "RaisesInBackward", "ReturnsTwoGradients"]
    )
    def test_descent_that_ends_early(self, name: str) -> None:
        case = replace(CASE, epsilon=ARMED)
        one = np.ones(3, np.float32)
        descent = (Build(case.config()), Descend(realise(case).x, one, one, rate=0.1, steps=3))
        with hostile(name) as worker:
            first, ended, last = worker.stream([script(), descent, script()])
        assert right(first) and right(last)
        expected = Outcome.CRASH if "Fault" in name else Outcome.ERROR
        assert verdict(ended)[0] is expected

    def test_abandoned_leaves_the_worker_fit_for_use(self) -> None:
        """Answers under way are nobody's, least of all the next script's."""
        with hostile("Sound") as worker:
            stream = worker.stream(script(numbered(k)) for k in range(30))
            assert right(next(stream))
            stream.close()  # type: ignore[attr-defined]
            assert all(map(right, worker.stream(script(numbered(k)) for k in range(30, 40))))

    def test_failing_source_of_scripts_is_not_the_workers_fault(self) -> None:
        def scripts() -> Iterator[Script]:
            yield from [script(numbered(k)) for k in range(3)]
            raise ZeroDivisionError

        with hostile("Sound") as worker:
            with pytest.raises(ZeroDivisionError):
                list(worker.stream(scripts()))
            assert right(worker.run(script()))


@needs_proc
class TestEnd:
    def test_close_leaves_nothing(self) -> None:
        worker = hostile("Sound")
        group = worker.pid
        assert group is not None and alive(group) == [group]
        worker.close()
        assert alive(group) == []
        worker.close()

    def test_close_ends_a_script_under_way(self) -> None:
        with hostile("HangsWithAChild") as worker:
            group = worker.pid
            assert group is not None
            stream = worker.stream([armed(), armed()])
            worker._send(armed())
            del stream
            until(lambda: len(alive(group)) == 2, "the child was not started")
        assert end([group]) == [] and end(alive(group)) == []

    @pytest.mark.parametrize("name", ["Sound", "HangsWithAChild", "HoldsTheInterpreter"])
    def test_death_of_the_suite_is_its_own(self, name: str) -> None:
        """A worker whose suite was killed ends, even out of a call that does not return."""
        source = (
            "from tests.worker.scripts import armed, hostile\n"
            f"worker = hostile({name!r})\n"
            "worker._send(armed())\n"
            "print(worker.pid, flush=True)\n"
            "input()\n"
        )
        root = Path(__file__).parents[2]
        with subprocess.Popen(
            [sys.executable, "-c", source], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as suite:
            assert suite.stdout is not None
            group = int(suite.stdout.readline())
            time.sleep(0.2)
            assert group in alive(group)
            suite.kill()
        assert end(alive(group)) == []

    def test_and_so_does_that_of_a_program_which_never_reads(self) -> None:
        source = (
            "from conformance.worker.process import Process, environment\n"
            "print(Process(['sleep', '1000'], environment(), None).pid, flush=True)\n"
            "input()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as suite:
            assert suite.stdout is not None
            group = int(suite.stdout.readline())
            assert group in alive(group)
            suite.kill()
        assert end(alive(group)) == []

    def test_interrupt_while_waiting_leaves_the_worker_fit_for_use(self) -> None:
        with hostile("Sleeps") as worker:
            signal.signal(signal.SIGALRM, _interrupt)
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 1.0)
                worker.run(armed())
            assert right(worker.run(script()))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
