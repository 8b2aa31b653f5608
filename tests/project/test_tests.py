"""The tests themselves: their map is whole, and a run says what it leaves out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import HANGS

TESTS = Path(__file__).parents[1]
LEFT_OUT = r"\d+ thorough tests were left out: to run everything, python -m tox -e thorough"


def said(*arguments: str) -> str:
    """By a run of the tests of the galleries that collects them only."""
    # Without plugins, which take longer to find than the tests, and so without options for them.
    options = ["-o", "addopts=", "--collect-only", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/gallery", *arguments],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_map_names_every_file_and_no_other() -> None:
    named = re.findall(r"\]\(([\w/]+\.py)\)", (TESTS / "README.md").read_text(encoding="utf-8"))
    there = [path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py")]
    assert sorted(named) == sorted(path for path in there if not path.endswith("__init__.py"))


def test_what_is_left_out_is_said() -> None:
    short = said()
    assert re.search(LEFT_OUT, short)
    assert "test_every_impostor_is_rejected[sample]" in short
    assert "test_every_impostor_is_rejected[everything]" not in short


def test_thorough_leaves_nothing_out() -> None:
    thorough = said("--thorough")
    assert "left out" not in thorough
    assert "test_every_impostor_is_rejected[everything]" in thorough
