"""Campaigns: the same seed gives the same verdicts anywhere, one bad implementation costs no other, and an
interrupt leaves a report of what was judged.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cases.case import Case
from conformance.implementation import DTYPES
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome
from conformance.protocol.messages import Lost
from conformance.requirements.catalogue import catalogue
from conformance.results.model import Report
from conformance.running.campaign import Settings, Task, TaskResult, run_task
from conformance.running.observing import observe
from conformance.running.parallel import Step, run_all
from conformance.running.shard import Profile
from conformance.running.steps import Begun, Judged
from conformance.running.tally import Counterexample, Tally
from conformance.worker.client import Worker
from tests.conftest import HANGS
from tests.processes import descendants, end, leaders, needs_proc, until

HOSTILE = Path(__file__).parents[1] / "hostile" / "layers.py"
REQUIREMENT = "forward.training"
SMALL = Settings((REQUIREMENT,), dtypes=("float32",), max_examples=24, timeout=HANGS)


def hostile(name: str) -> str:
    return f"{HOSTILE}:{name}"


def judged(name: str, settings: Settings = SMALL) -> TaskResult:
    return run_task(Task(hostile(name), settings))


def tally(result: TaskResult) -> Tally:
    """Of the one requirement in the one dtype that is judged here."""
    (shard,) = result.shards
    (found,) = shard.tallies
    return found


def timeless(result: TaskResult) -> str:
    """All of a result but how long it took. As text, in which a NaN equals itself."""
    shards = tuple(replace(shard, profile=Profile()) for shard in result.shards)
    return repr(replace(result, shards=shards, profile=Profile()))


class TestReproducibility:
    NAMES = ("reference", hostile("FlipsNegativeGamma"), hostile("CrashesAtTimes"))

    def test_same_seed_same_result_in_any_number_of_processes(self) -> None:
        one, interrupted = run_all(list(self.NAMES), SMALL, jobs=1)
        two, _ = run_all(list(self.NAMES), SMALL, jobs=2)
        here = [run_task(Task(name, SMALL)) for name in self.NAMES[:2]]
        assert not interrupted
        assert [r.implementation for r in two] == list(self.NAMES)
        assert list(map(timeless, two)) == list(map(timeless, one))
        assert list(map(timeless, here)) == list(map(timeless, one))[:2]

    def test_one_implementation_spread_over_processes_by_dtype(self) -> None:
        """What is judged, and in which order it stands, is the same; what is covered as well."""
        settings = replace(SMALL, patterns=(REQUIREMENT, "session.output"), dtypes=DTYPES)
        for name in ("reference", hostile("FlipsNegativeGamma"), hostile("FailsInInit")):
            (here,) = run_all([name], settings, jobs=1)[0]
            (spread,), _ = run_all([name], settings, jobs=2)
            assert timeless(spread) == timeless(here)

    def test_another_seed_other_cases(self) -> None:
        (shard,), (other,) = SMALL.shards(), replace(SMALL, seed=1).shards()
        with Worker(hostile("Sound")) as worker:
            can = worker.identity.capabilities
        assert shard.cases(can) == shard.cases(can)
        assert len(set(shard.cases(can)) & set(other.cases(can))) < 0.2 * len(shard.cases(can))

    def test_sound_implementation_passes(self) -> None:
        found = tally(judged("Sound"))
        assert found.worst is not None and found.worst.outcome is Outcome.PASS
        assert found.cases == SMALL.max_examples and found.failures == 0


class TestContainment:
    def test_crash_costs_its_own_cases_only(self) -> None:
        """The others of the shard are judged, and what they show is counted."""
        result = judged("CrashesAtTimes")
        found, (shard,) = tally(result), SMALL.shards()
        assert result.identity is not None
        fatal = [c for c in shard.cases(result.identity.capabilities) if c.epsilon == 1e-3]
        assert 0 < len(fatal) < SMALL.max_examples / 2
        assert result.status == "complete"
        assert found.cases == SMALL.max_examples and found.failures == len(fatal)
        assert found.worst is not None and found.worst.outcome is Outcome.CRASH
        assert "died at forward: signal SIGSEGV" in found.worst.message
        assert found.counterexample is not None and found.counterexample.case in fatal

    def test_one_that_does_not_start_disturbs_no_other(self) -> None:
        names = [
            hostile("FailsInInit"),
            hostile("Sound"),
            hostile("LacksAPackage"),
            "no-such-name",
            "reference",
        ]
        results, _ = run_all(names, SMALL, jobs=2)
        assert [r.status for r in results] == ["broken", "complete", "missing", "broken", "complete"]
        assert "libcudart.so.12" in results[0].problem
        assert results[2].missing == "a_framework_nobody_has"
        assert "no implementation 'no-such-name'" in results[3].problem
        assert [len(r.shards) for r in results] == [0, 1, 0, 0, 1]

    def test_one_that_does_not_start_again_keeps_what_was_judged(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two shards; the first is without incident."""
        monkeypatch.chdir(tmp_path)
        settings = replace(SMALL, patterns=(REQUIREMENT, "forward.normalised"))
        first, second = settings.shards()

        def die(step: Begun | Judged) -> None:
            """As it would in the second."""
            if isinstance(step, Begun):
                return
            (tmp_path / "started").touch()
            for worker in leaders(descendants(os.getpid())):
                os.kill(worker, signal.SIGKILL)

        result = run_task(Task(hostile("StartsOnce"), settings), tell=die)
        assert result.status == "broken" and "the device is still in use" in result.problem
        assert [shard.probe for shard in result.shards] == [first.probe.name] != [second.probe.name]

    def test_defect_of_the_suite_costs_one_implementation(self) -> None:
        """Here, a request that should not have come so far."""
        settings = replace(SMALL, patterns=("no.such-requirement",))
        results, _ = run_all([hostile("Sound"), hostile("FailsInInit")], settings, jobs=2)
        assert [r.status for r in results] == ["lost", "broken"]
        said, *trace = results[0].problem.splitlines()
        assert said.startswith("the process that judged it failed, by a defect of the suite: ValueError")
        assert "Traceback" in trace[1]
        assert "libcudart.so.12" in results[1].problem

    def test_progress_is_told(self) -> None:
        steps: list[Step] = []
        done: list[str] = []
        names = [hostile("FlipsNegativeGamma"), hostile("FailsInInit")]
        run_all(names, SMALL, jobs=1, step=steps.append, finished=lambda r: done.append(r.status))
        assert [(s.implementation, s.dtype, s.failing) for s in steps] == [(names[0], "float32", 1)]
        assert done == ["complete", "broken"]

    def test_one_that_is_spread_over_processes_is_finished_once(self) -> None:
        done: list[TaskResult] = []
        settings = replace(SMALL, dtypes=("float32", "float64"))
        (result,), _ = run_all(["reference"], settings, jobs=2, finished=done.append)
        assert list(map(timeless, done)) == [timeless(result)]
        assert [shard.dtype for shard in result.shards] == ["float32", "float64"]

    def test_one_that_is_named_twice_is_judged_once(self) -> None:
        """As for a comparison with itself."""
        (one, other), _ = run_all(["reference"] * 2, SMALL, jobs=2)
        assert timeless(one) == timeless(other) and len(one.shards) == 1

    def test_stopped_before_a_case_it_is_partial(self) -> None:
        asked = iter(range(1000))
        result = run_task(Task(hostile("Sound"), SMALL), stop=lambda: next(asked) > 8)
        assert result.status == "partial" and 0 < tally(result).cases < SMALL.max_examples


class TestCounterexample:
    """It is small, and it fails."""

    @staticmethod
    def fails(name: str, found: Counterexample) -> bool:
        """Whether a fresh worker fails on it, in the same way."""
        (requirement,) = catalogue((REQUIREMENT,))
        (probe,) = (p for p in requirement.probes if p.name == found.probe)
        with Worker(hostile(name)) as worker:
            trial = Trial(found.case, observe(probe, found.case, worker), worker.identity.capabilities)
        return requirement.verdict(trial) == found.verdict and found.verdict.outcome.failing

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_of_one_feature_for_what_is_wrong_with_one(self, seed: int) -> None:
        found = tally(judged("FlipsNegativeGamma", replace(SMALL, seed=seed))).counterexample
        assert found is not None and found.verdict.outcome is Outcome.FAIL
        assert found.case.n == 1 and len(found.case.shape) == 2 and found.case.count == 2
        (regime,) = found.case.features
        assert regime.gamma in ("negative", "random") and regime.values == "normal" and regime.kappa == 0
        assert self.fails("FlipsNegativeGamma", found)

    @pytest.mark.parametrize("seed", [0, 1])
    def test_of_as_many_features_as_it_takes(self, seed: int) -> None:
        found = tally(judged("ForgetsFeature17", replace(SMALL, seed=seed))).counterexample
        assert found is not None and found.verdict.outcome is Outcome.FAIL
        assert 18 <= found.case.n < 36 and len(found.case.shape) == 2 and found.case.count == 2
        assert found.verdict.feature == 17
        assert self.fails("ForgetsFeature17", found)

    def test_of_a_crash_is_the_case_that_crashed(self) -> None:
        found = tally(judged("CrashesAtTimes")).counterexample
        assert found is not None and isinstance(found.case, Case)
        with Worker(hostile("CrashesAtTimes")) as worker:
            (shard,) = SMALL.shards()
            lost = observe(shard.probe, found.case, worker).lost
        assert isinstance(lost, Lost) and lost.outcome == "crash"


# -- the command, interrupted


@contextmanager
def running(
    folder: Path, *names: str, early: bool = False
) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """The command at work in a terminal of its own, and the processes it started.

    :param early: as soon as there is a judging process, not only when there are workers.
    """
    arguments = (
        "-r",
        REQUIREMENT,
        "--dtype",
        "float32",
        "--timeout",
        str(HANGS),
        "--max-examples",
        "200",
        "-o",
        "out",
    )
    with at_work(folder, "run", *names, *arguments, workers=0 if early else len(names)) as found:
        yield found


@contextmanager
def at_work(folder: Path, *arguments: str, workers: int) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A command at work, and the processes it started, so many workers among them."""
    with subprocess.Popen(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Whoever runs the tests in the background may have had interrupts ignored, which is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        try:
            yield process, _started(process.pid, workers)
        finally:
            process.kill()


def _started(pid: int, workers: int) -> list[int]:
    """Its descendants, when as many workers are among them, which lead groups of their own. The first two
    are a judging process and one that keeps account of its resources.
    """

    def at_work() -> bool:
        found = descendants(pid)
        return len(found) >= 2 and len(leaders(found)) >= workers

    until(at_work, "the workers did not start")
    return descendants(pid)


def wait_for(mark: Path) -> None:
    """A mark that an implementation leaves when it has been called so many times."""
    until(mark.exists, "the implementation was not called")


def interrupted(process: subprocess.Popen[str]) -> bool:
    """Whether it has ended a second after an interrupt."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=1)
    return process.poll() is not None


@needs_proc
class TestInterrupt:
    def test_leaves_a_report_of_what_was_judged(self, tmp_path: Path) -> None:
        """A terminal interrupts every process of the group."""
        with running(tmp_path, hostile("TakesItsTime")) as (process, started):
            wait_for(tmp_path / "call-8")
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=HANGS)
        assert process.returncode in (1, 130)
        assert "interrupted: the report is of what was judged until then" in said
        assert "Traceback" not in said
        report = Report.from_json((tmp_path / "out" / "report.json").read_bytes())
        assert report.suite.complete is False
        (result,) = [r for r in report.results if r.implementation == hostile("TakesItsTime")]
        assert result.outcome is Outcome.PASS and 0 < result.cases < 200
        assert end(started) == []

    @pytest.mark.parametrize(
        "ending", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.thorough)]
    )
    def test_so_do_the_signals_by_which_machines_end_a_run(self, tmp_path: Path, ending: int) -> None:
        with running(tmp_path, hostile("TakesItsTime")) as (process, started):
            wait_for(tmp_path / "call-8")
            os.killpg(process.pid, ending)
            _, said = process.communicate(timeout=HANGS)
        assert process.returncode in (1, 130) and "Traceback" not in said
        report = Report.from_json((tmp_path / "out" / "report.json").read_bytes())
        assert report.suite.complete is False and report.results
        assert end(started) == []

    def test_at_the_very_start_is_one_too(self, tmp_path: Path) -> None:
        """When the judging processes exist and have not yet got as far as ignoring it."""
        with running(tmp_path, hostile("Sound"), early=True) as (process, started):
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=HANGS)
        assert process.returncode in (1, 130) and "Traceback" not in said
        report = Report.from_json((tmp_path / "out" / "report.json").read_bytes())
        assert report.suite.complete is False
        assert [i.status for i in report.implementations] == ["partial"]
        assert end(started) == []

    def test_of_a_self_check_leaves_what_an_old_one_found(self, tmp_path: Path) -> None:
        """A part of the galleries proves nothing."""
        old = tmp_path / "found.md"
        old.write_text("all of it")
        with at_work(tmp_path, "self-check", "--sound-only", "-o", old.name, workers=1) as (process, started):
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=HANGS)
        assert process.returncode == 130
        assert f"interrupted: this is a part of it, and nothing was written to {old.name}" in said
        assert old.read_text() == "all of it"
        assert end(started) == []

    def test_second_one_does_not_wait_for_what_hangs(self, tmp_path: Path) -> None:
        with running(tmp_path, hostile("HangsAfterFive")) as (process, started):
            wait_for(tmp_path / "call-5")
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            # Two signals that come before the first is handled are one, so it may take more than a second.
            until(lambda: interrupted(process), "the command did not end")
        assert process.returncode not in (0, None)
        assert end(started) == []

    def test_killed_command_leaves_no_process_behind(self, tmp_path: Path) -> None:
        with running(tmp_path, hostile("HangsAfterFive")) as (process, started):
            wait_for(tmp_path / "call-5")
            process.kill()
        assert len(started) >= 3
        assert end(started) == []
