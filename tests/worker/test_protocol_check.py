"""``bnconf protocol-check``: a program that speaks the protocol passes; each fault is found by its check."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from conformance.worker.protocol_check import CHECKS, CheckResult, examine
from tests.conftest import HANGS, WAITS, Command
from tests.hostile.careless import FAULTS

HOSTILE = Path(__file__).parents[1] / "hostile"
REFERENCE = shlex.join([sys.executable, "-m", "conformance.worker.serve", "reference"])


def careless(fault: str) -> str:
    return shlex.join([sys.executable, str(HOSTILE / "careless.py"), fault])


def outcomes(command: str, *, timeout: float = WAITS) -> dict[str, CheckResult]:
    return {each.name: each for each in examine(command, timeout=timeout, start_timeout=HANGS)}


def test_every_fault_has_its_check_and_every_check_its_fault() -> None:
    assert [each.name for each in CHECKS] == [name for name in FAULTS if name != "none"]


@pytest.mark.parametrize("command", [REFERENCE, careless("none")], ids=["worker in Python", "program"])
def test_program_that_speaks_it_passes(command: str) -> None:
    found = outcomes(command, timeout=HANGS)
    assert {name: each.message for name, each in found.items() if each.outcome != "pass"} == {}
    assert list(found) == [each.name for each in CHECKS]


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "none"])
def test_fault_is_found_by_the_check_of_its_name(fault: str) -> None:
    """And the advice is given; no other check accuses the program of what it does rightly."""
    found = outcomes(careless(fault))
    failed = {name for name, each in found.items() if each.outcome == "fail"}
    assert failed == {fault}
    assert found[fault].message and found[fault].advice


class TestCommand:
    def test_exits_with_0_if_all_is_well(self, bnconf: Command) -> None:
        ran = bnconf("protocol-check", f"exec:{careless('none')}")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.endswith(f"speaks the protocol: {len(CHECKS)} checks, none failed\n")

    def test_exits_with_1_and_advises(self, bnconf: Command) -> None:
        ran = bnconf("protocol-check", f"exec:{careless('order')}")
        assert (ran.returncode, ran.stderr) == (1, "")
        assert "✗ order" in ran.stdout and "never answer twice" in ran.stdout
        assert ran.stdout.endswith(f"1 of {len(CHECKS)} checks failed\n")

    def test_writes_json(self, bnconf: Command) -> None:
        program = f"exec:{careless('identity')}"
        ran = bnconf("protocol-check", program, "--json")
        found = json.loads(ran.stdout)
        assert ran.returncode == 1 and (found["program"], found["holds"]) == (program, False)
        first, *rest = found["checks"]
        assert first.pop("message").startswith("name and version must say something; they are ' ' and")
        assert first == {
            "name": "identity",
            "statement": CHECKS[0].statement,
            "outcome": "fail",
            "advice": CHECKS[0].advice,
        }
        assert {(each["outcome"], each["message"]) for each in rest} == {("skip", "presupposes identity")}

    @pytest.mark.parametrize("program", ["reference", "nobody", "exec:", "exec:'"])
    def test_exits_with_2_if_that_is_no_program(self, bnconf: Command, program: str) -> None:
        ran = bnconf("protocol-check", program)
        assert ran.returncode == 2 and "Traceback" not in ran.stderr

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            ("no-such-command", "No such file or directory"),
            ("false", "died at hello: exit status 1"),
            ("echo hello", "is something else printing to standard output?"),
            ("sleep 60", "no reply to hello within 3 s"),
            ("yes", "is something else printing to standard output?"),
            ("cat", "Invalid value 'hello'"),
        ],
    )
    def test_says_of_what_is_no_worker_why(self, bnconf: Command, command: str, words: str) -> None:
        timeout = "0.5" if command == "sleep 60" else "60"
        ran = bnconf("protocol-check", f"exec:{command}", "--timeout", timeout)
        assert (ran.returncode, ran.stderr) == (1, "")
        assert words in " ".join(ran.stdout.split())
