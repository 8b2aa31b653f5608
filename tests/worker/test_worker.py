"""The suite survives whatever an implementation does in a call, says what it was, and goes on with the next script.

The implementations are those of hostile/layers.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.judging.verdict import Outcome
from conformance.protocol.messages import (
    Answer,
    Raised,
)
from conformance.worker.client import Worker
from conformance.worker.process import CannotStart
from tests.conftest import HANGS, WAITS
from tests.processes import alive, end
from tests.worker.scripts import HOSTILE, MIB, armed, hostile, right, script, verdict

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


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
            assert worker.restarts == (2 if name == "Last" else 1)  # which is as if ended from outside
            assert worker.pid != first
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
