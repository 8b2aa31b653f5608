"""Signals at random moments of a run, once or twice, to the command alone or as a terminal sends them to all of the
group. No report is lost or mixed with another, no process is left, and the exit status is one that docs/ci.md has.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.report.renderers import write
from conformance.results.reading import read
from tests.conftest import HANGS, WRONG
from tests.processes import end, needs_proc
from tests.running.test_campaign import hostile

RUN = (hostile("Sound"), "-r", "forward.training", "--dtype", "float32", "--max-examples", "24", "-o", "out")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
#: Seconds after which no process may be left.
SOON = 5.0


@dataclass(frozen=True)
class Attack:
    """:ivar moments: seconds after the start. :ivar group: whether all processes of the group get it."""

    number: signal.Signals
    moments: tuple[float, ...]
    group: bool


def attacks(seed: int, count: int, lasts: float) -> list[Attack]:
    """Each signal as often as any other, at moments all over a run and a little beyond."""
    draw = random.Random(seed)
    found = []
    for k in range(count):
        first = draw.uniform(0, 1.1 * lasts)
        moments = (first, first + draw.uniform(0.02, 1.0)) if draw.random() < 0.5 else (first,)
        found.append(Attack(ENDING[k % len(ENDING)], moments, draw.random() < 0.5))
    return found


def command(folder: Path, *arguments: str, mark: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", "run", *arguments],
        cwd=folder,
        env={**os.environ, "BNCONF_TEST_MARK": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_listen,  # noqa: PLW1509
    )


def _listen() -> None:
    """Whoever runs the tests in the background may have some ignored, which is inherited."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def marked(mark: str) -> list[int]:
    """The processes that have inherited a mark, whoever is their parent by now."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if (
                entry.name.isdecimal()
                and f"BNCONF_TEST_MARK={mark}\0".encode() in (entry / "environ").read_bytes()
            ):
                found.append(int(entry.name))
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        # What was being written when the process was killed lies apart, until the next report.
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".bnconf-")
    }


def whole(folder: Path, again: Path) -> bool:
    """Whether all that lies there is one report, which says if it is a part: written again, it is the same."""
    report = read(folder / "report.json")
    write(report, again)
    page = (folder / "index.html").read_text()
    said = "The run was interrupted" in page
    return contents(folder) == contents(again) and said == (not report.suite.complete)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with files that no later one has: of another implementation, with a case."""
    folder = tmp_path_factory.mktemp("earlier")
    arguments = ("-r", "shape.gamma", "--dtype", "float32", "--max-examples", "4", "-o", "out")
    with command(folder, f"{WRONG}:Scalar", *arguments) as process:
        assert process.wait(HANGS) == 1
    assert any(name.startswith("cases/") for name in contents(folder / "out"))
    return folder / "out"


@pytest.fixture(scope="module")
def lasts(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that a run takes that nobody disturbs."""
    start = time.monotonic()
    with command(tmp_path_factory.mktemp("undisturbed"), *RUN) as process:
        assert process.wait(HANGS) == 0
    return time.monotonic() - start


@needs_proc
@pytest.mark.parametrize("count", [4, pytest.param(200, marks=pytest.mark.thorough)])
def test_signals_cost_no_report_and_leave_no_process(
    earlier: Path, lasts: float, tmp_path: Path, count: int
) -> None:
    outcomes: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for k, attack in enumerate(attacks(0, count, lasts)):
        folder = tmp_path / str(k)
        shutil.copytree(earlier, folder / "out")
        before, mark = contents(earlier), f"{os.getpid()}-{count}-{k}"
        with command(folder, *RUN, mark=mark) as process:
            status = disturbed(process, attack)
            errors = process.stderr.read().decode() if process.stderr else ""
        assert end(marked(mark), within=SOON) == [], attack
        if contents(folder / "out") == before:
            outcome = "the earlier one"
        else:
            assert whole(folder / "out", folder / "again"), attack
            complete = read(folder / "out" / "report.json").suite.complete
            outcome = "a whole one" if complete else "a part, and says so"
        outcomes[outcome] += 1
        statuses[f"{attack.number.name}: {status}"] += 1
        allowed = {0, 130, -attack.number} if outcome == "a whole one" else {130, -attack.number}
        if "KeyboardInterrupt" in errors and "conformance" not in errors:
            allowed.add(1)  # Python itself was not started yet.
        assert status in allowed, (attack, outcome, errors)
        shutil.rmtree(folder)
    print(f"\n{count} runs of {lasts:.1f} s: {dict(outcomes)}; statuses {dict(sorted(statuses.items()))}")
    assert outcomes["the earlier one"] > 0 and len(outcomes) > 1
    if count > 100:  # Each signal ends some of so many.
        assert all(statuses[f"{each.name}: 0"] < count / len(ENDING) for each in ENDING)


def disturbed(process: subprocess.Popen[bytes], attack: Attack) -> int:
    """Its exit status, after all."""
    start = time.monotonic()
    for moment in attack.moments:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, start + moment - time.monotonic()))
        with suppress(ProcessLookupError):
            if process.poll() is None:
                (os.killpg if attack.group else os.kill)(process.pid, attack.number)
    return process.wait(HANGS)
