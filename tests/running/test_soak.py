"""A long run whose worker is killed every few seconds: every case is accounted for, and memory levels off.

SOAK=300 in the environment has it last for so many seconds; what it saw is printed.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conformance.implementation import DTYPES
from conformance.judging.verdict import Outcome
from conformance.results.model import Report
from conformance.running.campaign import Settings
from tests.conftest import need
from tests.processes import descendants, end, leaders, needs_proc

SECONDS = float(os.environ.get("SOAK", "60"))
EVERY = 5.0
PATTERNS = ("forward.*", "gradient.*", "running.*", "numerics.*")
MIB = 1 << 20


@dataclass
class Watched:
    """What was seen of one run. :ivar memory: seconds, and MiB resident of the suite's own process
    and of the one that judges.
    """

    report: Report
    kills: int = 0
    memory: list[tuple[float, float, float]] = field(default_factory=list)


def watched(folder: Path, seed: int, examples: int) -> Watched:
    """A run whose worker is killed every few seconds."""
    patterns = [part for each in PATTERNS for part in ("-r", each)]
    options = [*patterns, "--max-examples", str(examples), "--seed", str(seed), "--jobs", "1", "-o", "out"]
    start, kills, memory = time.monotonic(), 0, []
    with subprocess.Popen(
        [sys.executable, "-m", "conformance", "run", "torch", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        due, started = start + EVERY, []
        while process.poll() is None:
            time.sleep(0.25)
            started = descendants(process.pid)
            workers = leaders(started)
            judging = max((resident(each) for each in set(children(process.pid)) - set(workers)), default=0.0)
            memory.append((time.monotonic() - start, resident(process.pid), judging))
            if time.monotonic() >= due:
                due += EVERY
                # The renderer of charts leads a group as well: it is the suite's own.
                for worker in set(workers) - set(leaders(children(process.pid))):
                    with suppress(ProcessLookupError):
                        os.kill(worker, signal.SIGKILL)
                        kills += 1
    assert process.returncode in (0, 1)
    assert end(started, within=5.0) == []
    return Watched(Report.from_json((folder / "out" / "report.json").read_bytes()), kills, memory)


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def resident(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB
    return 0.0


def unaccounted(report: Report, seed: int, examples: int) -> dict[str, tuple[int, int]]:
    """Requirements of which not every case was judged: how many were, of how many."""
    (torch,) = report.implementations
    can = torch.capabilities
    assert can is not None
    settings = Settings(PATTERNS, DTYPES, examples, seed)
    expected: dict[str, int] = {}
    for shard in settings.shards():
        if shard.probe.lacking(can) is None and shard.dtype in can.dtypes:
            for requirement in shard.requirements:
                expected[requirement.id] = expected.get(requirement.id, 0) + len(shard.cases(can))
    judged = {result.requirement: result.cases for result in report.results}
    return {
        name: (judged.get(name, 0), count) for name, count in expected.items() if judged.get(name, 0) != count
    }


@needs_proc
@pytest.mark.thorough
def test_killed_workers_cost_no_case_and_memory_levels_off(tmp_path: Path) -> None:
    need("torch")
    start, kills, peaks = time.monotonic(), 0, []
    examples = 200 if SECONDS > 120 else 40
    for seed in itertools.count():
        folder = tmp_path / str(seed)
        folder.mkdir()
        seen = watched(folder, seed, examples)
        (torch,) = seen.report.implementations
        assert torch.status == "complete" and seen.report.suite.complete
        assert unaccounted(seen.report, seed, examples) == {}
        assert [r for r in seen.report.results if r.outcome in (Outcome.CRASH, Outcome.TIMEOUT)] == []
        kills += seen.kills
        ends = seen.memory[-1][0]
        print(f"\nrun {seed}: {ends:.0f} s, {seen.kills} kills; {', '.join(torch.notes)}")
        for name, column in (("the suite's own process", 1), ("the one that judges", 2)):
            marks = [
                max(each[column] for each in seen.memory if each[0] <= ends * k / 8) for k in range(1, 9)
            ]
            print(f"  MiB of {name}, at most, by each eighth of the run:", *map(round, marks))
        peaks.append(max(judging for *_, judging in seen.memory))
        if time.monotonic() - start > SECONDS:
            break
    assert kills > SECONDS / EVERY / 4
    assert max(peaks) < 1.25 * peaks[0]
