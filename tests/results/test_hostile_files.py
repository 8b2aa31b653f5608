"""Hostile files, given to every command that reads such a file: one line on standard error, status 2, soon, in little
memory. What is let in does no harm where it is shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance.cases.case import Case
from conformance.cli import main
from conformance.results.build import build
from conformance.results.case_file import CaseFile
from conformance.running.campaign import Settings, Task, run_task
from tests.conftest import HANGS
from tests.results import hostile_files
from tests.results.hostile_files import Content

CASE = json.loads(CaseFile("forward.training", Case((4, 2), 1), "reference", "training").to_json())

#: What each command is given, with FILE for the hostile one and GOOD for a sound report.
COMMANDS = {
    "report": ("report FILE -o out", "baseline FILE", "diff FILE GOOD", "diff GOOD FILE"),
    "case": ("replay FILE", "replay FILE reference"),
    "baseline": ("run reference -r shape.gamma --baseline FILE",),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings(("shape.gamma",), ("float32",), max_examples=4)
    report = build([run_task(Task("reference", settings))], settings, started=0.0, seconds=1.0)
    path = tmp_path_factory.mktemp("good") / "report.json"
    path.write_bytes(report.to_json())
    return path


def corpus(report: dict[str, Any]) -> Iterator[tuple[str, str, Content]]:
    """Kind, name and content of every hostile file."""
    for kind in COMMANDS:
        yield from ((kind, name, content) for name, content in hostile_files.anything())
    for kind in ("report", "case"):
        yield from ((kind, name, content) for name, content in hostile_files.json_alone())
    yield from (("report", name, content) for name, content in hostile_files.reports(report))
    yield from (("case", name, content) for name, content in hostile_files.cases(CASE))
    yield from (("baseline", name, content) for name, content in hostile_files.baselines())


def put(content: Content, path: Path) -> None:
    path.unlink(missing_ok=True) if not path.is_dir() else path.rmdir()
    path.write_bytes(content) if isinstance(content, bytes) else content(path)


def invocations(kind: str, name: str, file: Path, good: Path) -> list[list[str]]:
    commands = COMMANDS[kind]
    if name.startswith(("implementation", '\'{"a"')):
        commands = commands[:1]  # An implementation named by the user is used in its place.
    replaced = {"FILE": str(file), "GOOD": str(good)}
    return [[replaced.get(word, word) for word in command.split()] for command in commands]


def one_line(said: str) -> bool:
    """Whether it is a short line that a terminal shows as it is."""
    return said.startswith("Error: ") and said.endswith("\n") and said[:-1].isprintable() and len(said) < 1200


def test_there_are_very_many(good: Path) -> None:
    every = list(corpus(json.loads(good.read_bytes())))
    assert len({(kind, name) for kind, name, _ in every}) == len(every) > 250


@pytest.mark.parametrize("kind", COMMANDS)
def test_each_is_refused_in_one_line(
    kind: str, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, wrong = tmp_path / "file", []
    for of, name, content in corpus(json.loads(good.read_bytes())):
        if of != kind:
            continue
        put(content, file)
        for command in invocations(kind, name, file, good):
            done = CliRunner().invoke(main, command)
            if done.exit_code != 2 or done.stdout or not one_line(done.stderr):
                wrong.append((name, command[0], done.exit_code, done.stdout[:200], done.stderr[:500]))
    assert not wrong
    assert sorted(path.name for path in tmp_path.iterdir()) in (["file"], [])


@pytest.mark.thorough
@pytest.mark.parametrize("kind", COMMANDS)
def test_each_is_refused_soon_and_in_little_memory(kind: str, good: Path, tmp_path: Path) -> None:
    """By the command as a user has it: in two seconds and 500 MiB besides what it takes to start."""
    start, _ = spent(["run", "no-such-thing"])
    file, wrong, worst = tmp_path / "file", [], (0.0, 0.0)
    for of, name, content in corpus(json.loads(good.read_bytes())):
        if of != kind:
            continue
        put(content, file)
        for command in invocations(kind, name, file, good):
            seconds, memory = spent(command)
            worst = max(worst[0], seconds), max(worst[1], memory)
            if seconds > start + 2 or memory > 500:
                wrong.append((name, command[0], seconds, memory))
    print(f"{kind}: at worst {worst[0]:.2f} s of the processor, {worst[1]:.0f} MiB; {start:.2f} s to start")
    assert not wrong


#: Starts a command and prints what it took. It stands between, since what a process starts with counts as its own
#: memory, and the process of the tests is large.
_MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), file=sys.stderr)
"""


def spent(command: list[str]) -> tuple[float, float]:
    """Seconds of the processor, and MiB, that a refusal took."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, sys.executable, "-m", "conformance", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=HANGS,
    )
    said, used = done.stderr.rstrip().rsplit("\n", 1)
    seconds, memory, status = used.split()
    assert int(status) == 2, command
    assert one_line(said + "\n"), command
    assert done.stdout == ""
    return float(seconds), float(memory)
