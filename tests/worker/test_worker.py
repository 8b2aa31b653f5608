"""The suite survives whatever an implementation does, says what it was, and goes on with the next script.

The implementations are those of hostile/layers.py.
"""

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
from conformance.judging.level import Level
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Descend,
    Forward,
    Load,
    Observation,
    Parameters,
    Raised,
    Script,
)
from conformance.requirements.probes import training
from conformance.worker.client import Worker
from conformance.worker.locate import NotFound
from conformance.worker.process import CannotStart
from tests.conftest import HANGS, WAITS
from tests.processes import alive, descendants, end, needs_proc, until

HOSTILE = Path(__file__).parents[1] / "hostile" / "layers.py"
ARMED = 0.5  # the epsilon at which they misbehave
CASE = Case((6, 3), 1)
MIB = 1 << 20


def hostile(name: str, *, timeout: float = HANGS, memory: int | None = None) -> Worker:
    return Worker(f"{HOSTILE}:{name}", timeout=timeout, start_timeout=HANGS, memory=memory)


def script(case: Case = CASE) -> Script:
    """Every call an implementation can get."""
    arrays = realise(case)
    parameters = {"gamma": arrays.gamma + np.float32(1), "beta": arrays.beta - np.float32(2)}
    return (
        Build(case.config()),
        Load(parameters),
        Forward(arrays.x, True),
        Backward(arrays.dy),
        Parameters(),
    )


def armed(case: Case = CASE) -> Script:
    return script(replace(case, epsilon=ARMED))


def right(observation: Observation) -> bool:
    """Whether every call was answered, and the answer to forward belongs to the script's own x."""
    if observation.lost is not None or len(observation.answers) != len(observation.script):
        return False
    build, _, forward, *_ = observation.script
    answer = observation.answers[2]
    assert isinstance(build, Build) and isinstance(forward, Forward) and isinstance(answer, Answer)
    x = forward.x.astype(np.float64)
    exact = 2 * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + build.config.epsilon) - 2
    return np.allclose(answer.arrays["y"], exact, atol=1e-4)


def verdict(observation: Observation) -> tuple[Outcome, str]:
    """What a requirement makes of it that looks at y."""
    requirement = Requirement("y", Level.MUST, "", "", (training,), lambda trial: trial.forward_within(0))
    case = replace(CASE, epsilon=ARMED)
    found = requirement.verdict(Trial(case, observation))
    return found.outcome, found.message


def descriptors() -> int:
    """How many are open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """No test leaves a process or an open descriptor, whatever was done to the worker."""
    if not Path("/proc/self/fd").exists():
        yield
        return
    processes, opened = set(descendants(os.getpid())), descriptors()
    yield
    assert end([pid for pid in descendants(os.getpid()) if pid not in processes]) == []
    assert descriptors() == opened


class TestSoundImplementation:
    def test_is_answered_rightly(self) -> None:
        with hostile("Sound") as worker:
            assert right(worker.run(script())) and right(worker.run(armed()))
            assert worker.restarts == 0

    def test_says_what_it_is(self) -> None:
        with hostile("Sound") as worker:
            assert (worker.identity.name, worker.identity.version) == ("hostile", "1")
            assert worker.identity.capabilities.gradients

    def test_time_inside_it_is_measured_there(self) -> None:
        with hostile("StallsInForward") as worker:
            worker.run(armed())
            stalled = worker.inside
            assert stalled >= 0.3 and worker.waited > 0
            worker.run(script())
            assert worker.inside > stalled

    def test_may_be_slow_to_start(self) -> None:
        with hostile("StartsSlowly") as worker:
            assert right(worker.run(script()))

    def test_file_named_as_a_package_does_not_stand_in_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """numpy.py in the current folder is what an adapter for NumPy would be called."""
        monkeypatch.chdir(tmp_path)
        source = f"import sys; sys.path.append({str(HOSTILE.parent)!r}); from layers import Sound"
        (tmp_path / "numpy.py").write_text(source)
        with Worker("numpy.py:Sound") as worker:
            assert right(worker.run(script()))


# implementation, outcome, and what is to be read of it
LOST = [
    ("SegmentationFault", "crash", ["died at forward: signal SIGSEGV", "layers.py", "in misbehave"]),
    ("SegmentationFaultInBuild", "crash", ["died at build: signal SIGSEGV"]),
    ("SegmentationFaultInLoad", "crash", ["died at load: signal SIGSEGV"]),
    ("SegmentationFaultInBackward", "crash", ["died at backward: signal SIGSEGV"]),
    ("Abort", "crash", ["signal SIGABRT", "terminate called after throwing"]),
    ("Exit", "crash", ["died at forward: exit status 3"]),
    ("QuietExit", "crash", ["died at forward: exit status 0"]),
    ("Last", "crash", ["SIGKILL", "the last words on standard output\n", "the last words on standard error\\x07"]),
    ("ClosesEverything", "crash", ["died at forward: exit status 1"]),
    ("ClosesEverythingAndStays", "crash", ["closed its standard output at forward, without an answer"]),
    ("LeavesAChild", "crash", ["died at forward: exit status 5"]),
    ("Sleeps", "timeout", ["no answer to forward within 3 s", "waiting for a lock"]),
    ("Spins", "timeout", ["no answer to forward within 3 s"]),
    ("HoldsTheInterpreter", "timeout", ["no answer to forward within 3 s"]),
    ("Deaf", "timeout", ["no answer to forward within 3 s"]),
    ("Stops", "timeout", ["no answer to forward within 3 s"]),
    ("HangsWithAChild", "timeout", ["no answer to forward within 3 s"]),
]  # fmt: skip


class TestLoss:
    """The process is lost: a crash or a timeout, and a new process for the next script."""

    @pytest.mark.parametrize(("name", "outcome", "words"), LOST, ids=[name for name, *_ in LOST])
    def test_costs_one_script(self, name: str, outcome: str, words: list[str]) -> None:
        with hostile(name, timeout=WAITS if outcome == "timeout" else HANGS) as worker:
            first = worker.pid
            before, lost, after = worker.stream([script(), armed(), script()])
            assert right(before) and right(after)
            assert lost.lost is not None and lost.lost.outcome == outcome
            for each in words:
                assert each in lost.lost.text
            assert verdict(lost) == (Outcome(outcome), lost.lost.text)
            assert worker.restarts == 1 and worker.pid != first
            if first is not None and Path("/proc").exists():
                assert end(alive(first)) == []

    def test_answers_given_before_it_are_kept(self) -> None:
        with hostile("SegmentationFaultInBackward") as worker:
            answers = worker.run(armed()).answers
            assert (
                len(answers) == 3
                and isinstance(answers[2], Answer)
                and answers[2].arrays["y"].shape == (6, 3)
            )

    def test_many_in_a_row_hold_nothing_open(self) -> None:
        """Checked by the fixture; each costs a process with three pipes."""
        with hostile("Exit") as worker:
            observations = list(worker.stream([armed()] * 4))
            assert [o.lost is not None for o in observations] == [True] * 4
            assert worker.restarts == 3

    def test_no_new_process_before_there_is_a_script_for_it(self) -> None:
        with hostile("Exit") as worker:
            worker.run(armed())
            assert worker.pid is None and worker.restarts == 0

    def test_is_observed_even_if_it_does_not_start_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with hostile("StartsOnce") as worker:
            stream = worker.stream([armed(), script(), script()])
            lost = next(stream).lost
            assert lost is not None and "SIGSEGV" in lost.text
            with pytest.raises(CannotStart, match="RuntimeError: the device is still in use"):
                next(stream)


class TestTalk:
    """What an implementation prints does not get between the suite and its answers."""

    @pytest.mark.parametrize(
        "name", ["Prints", "PrintsInC", "PrintsMegabytes", "ClosesStandardOutput", "ReadsStandardInput"]
    )
    def test_does_no_harm(self, name: str) -> None:
        with hostile(name) as worker:
            assert all(map(right, worker.stream([script(), armed(), armed(), script()])))
            assert worker.restarts == 0

    def test_warnings_are_part_of_the_answer(self) -> None:
        with hostile("Warns") as worker:
            observation = worker.run(armed())
            answer = observation.answers[2]
            assert right(observation) and isinstance(answer, Answer)
            assert answer.warnings == ("UserWarning: biased ? variance ",)


# implementation, call, type and message of the exception
RAISED = [
    ("Raises", "forward", "ValueError", "gamma must be an n-vector"),
    ("RaisesInLoad", "load", "ValueError", "gamma must be an n-vector"),
    ("RaisesInBuild", "build", "ValueError", "gamma must be an n-vector"),
    ("RaisesInBackward", "backward", "ValueError", "gamma must be an n-vector"),
    ("RaisesNothingToRead", "forward", "RuntimeError", ""),
    ("RaisesNoText", "forward", "RuntimeError", r"lone surrogate ?, null \x00, bell \x07, escape , end"),
    ("RaisesTheUnprintable", "forward", "Unprintable", "(its message cannot be had: Unprintable)"),
    ("RaisesSystemExit", "forward", "SystemExit", "no GPU, giving up"),
    ("RaisesKeyboardInterrupt", "forward", "KeyboardInterrupt", ""),
    ("RaisesSomethingOfItsOwn", "forward", "Cancelled", "by request"),
    ("ReturnsNone", "forward", "Malformed", "forward() returned None, not a numpy.ndarray"),
    ("ReturnsAList", "forward", "Malformed", "forward() returned a builtins.list, not a numpy.ndarray"),
    ("ReturnsTwoGradients", "backward", "Malformed",
     "backward() returned a builtins.tuple, not Gradients(x, gamma, beta)"),
    ("ReturnsParametersInAList", "parameters", "Malformed", "parameters() returned a builtins.list, not a dict"),
]  # fmt: skip


class TestException:
    """An exception where there should be none is an error, of a process that lives on."""

    @pytest.mark.parametrize(("name", "call", "kind", "text"), RAISED, ids=[name for name, *_ in RAISED])
    def test_is_an_error(self, name: str, call: str, kind: str, text: str) -> None:
        with hostile(name) as worker:
            before, observation, after = worker.stream([script(), armed(), script()])
            assert right(before) and right(after) and worker.restarts == 0
            assert observation.lost is None
            unexpected = observation.unexpected()
            assert unexpected is not None
            assert (type(unexpected[0]).__name__.lower(), unexpected[1].kind, unexpected[1].text) == (
                call,
                kind,
                text,
            )
            assert verdict(observation) == (Outcome.ERROR, f"{call} raised {kind}: {text}")

    @pytest.mark.parametrize("kind", ["Objects", "Text", "ComplexNumbers", "LongDoubles"])
    def test_array_that_is_not_of_numbers_is_one(self, kind: str) -> None:
        with hostile(f"Returns{kind}") as worker:
            outcome, message = verdict(worker.run(armed()))
            assert outcome is Outcome.ERROR and "forward() returned an array of dtype" in message
            assert right(worker.run(script())) and worker.restarts == 0

    def test_says_where(self) -> None:
        with hostile("Raises") as worker:
            raised = worker.run(armed()).answers[2]
            assert isinstance(raised, Raised) and 'layers.py", line' in raised.trace

    def test_of_megabytes_is_cut_short(self) -> None:
        with hostile("RaisesMegabytes") as worker:
            raised = worker.run(armed()).answers[2]
            assert isinstance(raised, Raised) and raised.text.startswith("out of cheese ")
            assert len(raised.text) < 5000 and len(raised.trace) < 5000

    def test_endless_recursion_is_one(self) -> None:
        with hostile("RecursesWithoutEnd") as worker:
            outcome, message = verdict(worker.run(armed()))
            assert outcome is Outcome.ERROR and "RecursionError" in message
            assert right(worker.run(script())) and worker.restarts == 0


class TestWrongAnswer:
    """Arrays are arrays: whether they are the right ones is for a requirement to say."""

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("ReturnsAnotherShape", "y has shape (3, 6); expected (6, 3)"),
            ("ReturnsAScalar", "y has shape (); expected (6, 3)"),
            ("ReturnsNothing", "y has shape (0, 3); expected (6, 3)"),
            ("ReturnsNaN", "is nan, exactly"),
        ],
    )
    def test_fails(self, name: str, message: str) -> None:
        with hostile(name) as worker:
            observation, after = worker.stream([armed(), script()])
            outcome, said = verdict(observation)
            assert outcome is Outcome.FAIL and message in said
            assert right(after) and worker.restarts == 0

    def test_of_another_dtype_is_told_apart(self) -> None:
        with hostile("ReturnsDoubles") as worker:
            answer = worker.run(armed()).answers[2]
            assert isinstance(answer, Answer) and answer.arrays["y"].dtype == np.float64

    @pytest.mark.parametrize("name", ["ReturnsBigEndian", "ReturnsALiar"])
    def test_unusual_ones_may_be_right(self, name: str) -> None:
        with hostile(name) as worker:
            assert right(worker.run(armed()))

    def test_modified_input_is_observed(self) -> None:
        with hostile("WorksInPlace") as worker:
            touched, untouched = worker.stream([armed(), script()])
            assert right(touched) and right(untouched)
            flags = [o.answers[2].modified for o in (touched, untouched)]  # type: ignore[union-attr]
            assert flags == [True, False]


class TestMemory:
    def test_without_end_is_an_error_and_no_harm_to_the_machine(self) -> None:
        """What it took it keeps, so it is started again for the next script."""
        with hostile("Hoards", memory=256 * MIB) as worker:
            before, lost, after = worker.stream([script(), armed(), script()])
            assert right(before) and right(after)
            outcome, message = verdict(lost)
            assert outcome is Outcome.ERROR and "forward raised MemoryError: Unable to allocate" in message
            assert worker.restarts == 1

    @pytest.mark.skipif(sys.platform != "linux", reason="limits are set from outside on Linux only")
    def test_of_a_program_in_any_language_is_limited(self, tmp_path: Path) -> None:
        program = tmp_path / "program.py"
        program.write_text("import sys; sys.stdin.buffer.read(1); bytearray(1 << 30)")
        with pytest.raises(CannotStart, match="MemoryError"):
            Worker(f"exec:{sys.executable} {program}", memory=256 * MIB)

    def test_answer_longer_than_the_protocol_allows_is_an_error(self) -> None:
        with hostile("Answers145MiB") as worker:
            observation, after = worker.stream([armed(), script()])
            outcome, message = verdict(observation)
            assert outcome is Outcome.ERROR and "is more than the 150994943 allowed" in message
            assert right(after) and worker.restarts == 0


class TestFork:
    def test_child_that_goes_on_does_not_answer_as_well(self) -> None:
        with hostile("Forks") as worker:
            assert all(map(right, worker.stream([armed()] * 4 + [script()] * 4)))
            assert worker.restarts == 0


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
    ("DeclaresAFlagThatIsNone", "Expected `bool`, got `str` - at `$.capabilities.gradients`"),
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


def numbered(k: int) -> Case:
    """Cases that differ in everything, so that no answer can be taken for another's."""
    return Case((4 + k % 5, 1 + k % 3), 1, seed=k)


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

    def test_killed_from_outside(self) -> None:
        """The one at hand is lost, at whatever point, and no other."""
        for at in (0, 9):
            with hostile("Sound") as worker:
                observations = []
                for observation in worker.stream(script(numbered(k)) for k in range(30)):
                    observations.append(observation)
                    if len(observations) == at + 1:
                        assert worker.pid is not None
                        os.kill(worker.pid, signal.SIGKILL)
                wrong = [k for k, o in enumerate(observations) if not right(o)]
                # The worker may have been ahead of us, and have answered all that it had been sent.
                assert len(observations) == 30 and len(wrong) == 1 and at < wrong[0] <= at + 6
                lost = observations[wrong[0]].lost
                assert lost is not None and lost.outcome == "crash" and "SIGKILL" in lost.text

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

    @pytest.mark.parametrize("name", ["Sound", "HangsWithAChild"])
    def test_death_of_the_suite_is_its_own(self, name: str) -> None:
        """A worker whose suite was killed ends, even out of a call that does not return."""
        source = (
            "from tests.worker.test_worker import armed, hostile\n"
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

    def test_interrupt_while_waiting_leaves_the_worker_fit_for_use(self) -> None:
        with hostile("Sleeps") as worker:
            signal.signal(signal.SIGALRM, _interrupt)
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 1.0)
                worker.run(armed())
            assert right(worker.run(script()))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
