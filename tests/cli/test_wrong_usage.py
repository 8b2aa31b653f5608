"""The command used wrongly, in every way that came to mind: status 2, one short line that says what was expected, and
nothing done.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main
from tests.conftest import HANGS

LONG = "x" * 100_000
#: Each line: the command, and a word that its message contains. LONG is 100 kB long.
WRONG = """
--no-such-option | --no-such-option
nosuch | nosuch
smok | 'smoke'
LONG | No such command
--LONG | No such option
run run | 'run'
run nosuch | nosuch
run '' | bnconf list
run ' ' | bnconf list
run reference nosuch | nosuch
run tensorch | 'torch'
run missing.py:Layer | no file
run a.txt | bnconf list
run . | bnconf list
run ./:X | X
run :Layer | bnconf list
run nosuch: | bnconf list
run reference: | bnconf list
run nosuch.py: | bnconf list
run missing.py:1X | bnconf list
run 'missing.py:A B' | bnconf list
run exec: | command
run 'exec: ' | command
run "exec:'" | command
run LONG | characters
run LONG.py:X | characters
run LONG: | characters
run reference -r nosuch | nosuch
run reference -r '' | matches
run reference -r shape | matches
run reference -r 'shape.gama' | 'shape.gamma'
run reference -r 'SHAPE.*' | 'shape.*'
run reference -r '[' | matches
run reference -r 'shape.* forward.*' | matches
run reference -r 'shape.*' -r nosuch | nosuch
run reference -r LONG | matches
run reference -r '[LONG' | matches
run reference -r '*LONG*' | matches
run reference -r | requires an argument
run reference --requirement | requires an argument
run reference --dtype float8 | float8
run reference --dtype FLOAT32 | float32
run reference --dtype '' | float32
run reference --dtype LONG | float32
run reference --dtype float32,float64 | float32
run reference --dtype | requires an argument
run reference --max-examples 0 | 0
run reference --max-examples -1 | -1
run reference --max-examples x | integer
run reference --max-examples 1.5 | integer
run reference --max-examples '' | integer
run reference --max-examples LONG | integer
run reference --max-examples 99999999999999999999999 | range
run reference --max-examples NINES | integer
run reference --seed -1 | range
run reference --seed 9223372036854775808 | range
run reference --seed x | integer
run reference --seed LONG | integer
run reference --jobs 0 | range
run reference --jobs x | integer
run reference --jobs 1000000000 | range
run reference --timeout 0 | range
run reference --timeout -1 | range
run reference --timeout nan | seconds
run reference --timeout inf | range
run reference --timeout 1e300 | range
run reference --timeout x | float
run reference --timeout LONG | float
run reference --memory 0 | range
run reference --memory x | integer
run reference --memory 99999999999999999999 | range
run reference --python reference | ID=PATH
run reference --python =x | ID=PATH
run reference --python reference= | ID=PATH
run reference --python nosuch=x | nosuch
run reference --python reference=missing | no Python interpreter
run reference --python reference=LONG | no Python interpreter
run reference --python LONG | ID=PATH
run reference --python LONG=x | judged are reference
run reference exec:true --python exec:true=x | program
run reference --baseline missing.toml | missing.toml
run reference --baseline . | not a file
run reference --baseline LONG | cannot be read
run reference --baseline a.txt | not TOML
run reference --baseline | requires an argument
run reference -o a.txt | is a file
run reference -o '' | name of a folder
run reference -o a.txt/out | Not a directory
run reference -o /dev/null/out | Not a directory
run reference -o /proc/out | cannot write
run reference -o LONG | too long
run reference -o | requires an argument
run reference --strict=1 | --strict
run reference --thorough=yes | --thorough
run reference --sed 1 | '--seed'
run reference -x | -x
run reference --exitzero | '--exit-zero'
smoke | IMPLEMENTATION
smoke nosuch | nosuch
smoke reference reference | unexpected
smoke missing.py:X | no file
smoke LONG | characters
smoke reference --timeout 0 | range
smoke reference --timeout nan | seconds
smoke reference --python missing | no Python interpreter
smoke reference --python LONG | no Python interpreter
smoke reference --strict | --strict
smoke exec: | command
compare | 'A'
compare reference | 'B'
compare reference reference | different
compare LONG LONG | different
compare reference nosuch | nosuch
compare nosuch reference | nosuch
compare reference torch x | unexpected
compare reference LONG | characters
compare reference nosuch --max-examples 0 | range
compare reference nosuch --seed -1 | range
compare reference nosuch --timeout inf | range
compare reference nosuch -o a.txt | a.txt
compare reference nosuch -o a.txt/x | Not a directory
replay | CASE.json
replay missing.json | No such file
replay . | not a file
replay LONG | too long
replay a.txt | not JSON
replay a.txt reference x | unexpected
replay a.txt --timeout 0 | range
replay case.json | names no implementation
replay case.json nosuch | nosuch
replay case.json LONG | characters
replay case.json missing.py:X | no file
replay case.json exec: | command
run exec:LONG | characters
smoke exec:LONG | characters
compare exec:LONG reference | characters
protocol-check exec:LONG | characters
report | REPORT.json
report missing.json | --output
report missing.json -o | requires an argument
report missing.json -o out | No such file
report . -o out | not a file
report a.txt -o out | not JSON
report LONG -o out | too long
report case.json -o out | schema_version
report a.txt -o a.txt | a.txt
report a.txt b -o out | unexpected
baseline | REPORT.json
baseline missing.json | No such file
baseline a.txt | not JSON
baseline case.json | schema_version
baseline LONG | too long
baseline a.txt b | unexpected
diff | OLD
diff a.txt | NEW
diff missing.json a.txt | missing.json
diff a.txt missing.json | a.txt
diff . . | not a file
diff LONG a.txt | too long
diff a.txt a.txt a.txt | unexpected
diff --json a.txt a.txt | --json
init | FILE
init norm | .py
init norm.txt | .py
init 1norm.py | .py
init . | directory
init LONG | .py
init LONG.py | too long
init there.py | --force
init missing/norm.py | missing
init a.txt/norm.py | norm.py
init /proc/norm.py | norm.py
init norm.py other.py | unexpected
init norm.py --forse | '--force'
list reference | unexpected
list --jsn | '--json'
list --start=x | --start
requirements 'shape.*' | unexpected
requirements --jso | '--json'
protocol-check | exec:COMMAND
protocol-check reference | exec:COMMAND
protocol-check exec: | command
protocol-check "exec:'" | command
protocol-check LONG | characters
protocol-check exec:true --timeout 0 | range
protocol-check exec:true --timeout nan | seconds
protocol-check exec:true x | unexpected
self-check reference | unexpected
self-check --experiments 0 | range
self-check --experiments x | integer
self-check --kind nosuch | purity
self-check --kind purty | 'purity'
self-check --kind LONG | purity
self-check --seed 4294967296 | range
self-check --jobs 0 | range
self-check --max-examples 0 | range
self-check -o . | directory
self-check -o a.txt/x | is a file
self-check -o /proc/x | cannot write
"""
LINES = [line.split(" | ") for line in WRONG.strip().splitlines()]


def arguments(command: str) -> list[str]:
    words = shlex.split(command)
    return [word.replace("LONG", LONG).replace("NINES", "9" * 5000) for word in words]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("neither")
    (tmp_path / "there.py").write_text("there")
    (tmp_path / "case.json").write_text(
        '{"requirement": "shape.gamma", "case": {"shape": [4, 2], "axis": 1}}'
    )
    return tmp_path


def test_there_are_very_many() -> None:
    assert len({command for command, _ in LINES}) == len(LINES) > 150
    assert {command.split()[0] for command, _ in LINES} >= set(main.commands)


@pytest.mark.parametrize("name", main.commands)
def test_is_said_in_one_line(name: str, folder: Path) -> None:
    for command, word in LINES:
        if command.split()[0] == name:
            done = CliRunner().invoke(main, arguments(command))
            assert done.exit_code == 2, (command, done.output[:500])
            in_one_line(command, word, done.stderr)
            assert not done.stdout
    assert sorted(path.name for path in folder.rglob("*")) in (
        ["a.txt", "case.json", "there.py"],
        ["a.txt", "case.json", "out", "there.py"],
    )


def test_is_said_of_no_command(folder: Path) -> None:
    for command, word in LINES:
        if command.split()[0] not in main.commands:
            done = CliRunner().invoke(main, arguments(command))
            assert done.exit_code == 2
            in_one_line(command, word, done.stderr)


def in_one_line(command: str, word: str, said: str) -> None:
    assert said.startswith("Error: ") and said.endswith("\n"), command
    assert said[:-1].isprintable() and len(said) < 1200, (command, said[:2000])
    assert word in said, (command, said)


def test_of_nothing_at_all_is_help() -> None:
    done = CliRunner().invoke(main, [])
    assert done.exit_code == 2 and "Commands:" in done.stderr


def test_a_hint_is_not_cut_off_with_what_was_given(folder: Path) -> None:
    said = CliRunner().invoke(main, ["run", LONG]).stderr
    assert said.endswith(" run --help)\n")
    assert " [...] " in said


def test_controls_are_spelled_out(folder: Path) -> None:
    for command in (
        ["run", "\x1b[31m"],
        ["replay", "\x1b[31m\u202e"],
        ["run", "reference", "-r", "\x9b\n"],
        ["\x1b"],
    ):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 2
        assert done.stderr[:-1].isprintable(), command


def test_what_cannot_start_is_said_shortly(folder: Path) -> None:
    command = "exec:nosuch " + "x" * 3900
    for arguments in (["compare", command, "reference"], ["run", command, "-r", "shape.gamma"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 3
        assert len(done.stderr) < 9000


@pytest.mark.thorough
def test_soon(folder: Path) -> None:
    """By the command as a user has it."""
    for command, word in LINES:
        if "NINES" not in command and all(len(each) <= len(LONG) + 10 for each in arguments(command)):
            done = subprocess.run(
                [sys.executable, "-m", "conformance", *arguments(command)],
                capture_output=True,
                text=True,
                timeout=HANGS,
                check=False,
            )
            assert done.returncode == 2, command
            in_one_line(command, word, done.stderr)
            assert not done.stdout
