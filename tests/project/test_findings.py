"""The published findings still happen: every script prints what it is said to print, but for the digits.

A short run takes the first script of every package.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance.worker.packages import remedy
from tests.conftest import HANGS, first_of_each, first_word

FOLDER = Path(__file__).resolve().parents[2] / "reports" / "published" / "findings"
SCRIPTS = sorted(FOLDER.glob("*.py"))

#: What scripts need besides the package that their names begin with.
_NEEDED = {
    "litert": ("ai_edge_litert", "tensorflow"),
    "keras": ("keras", "torch", "tensorflow"),
    "onnxruntime": ("onnxruntime", "onnx"),
    "openvino": ("openvino", "keras", "onnx"),
    "torch_onnx": ("torch", "onnxscript", "onnxruntime"),
}


def without_digits(text: str) -> str:
    """Numbers depend on the processor in their last places; whether they are numbers does not."""
    return re.sub(r"\s*[-+]?\d[\d.,e+-]*", " #", text).strip()


def compiles(script: Path) -> bool:
    """Takes long, so a short run takes another of its package."""
    return "compile" in script.stem


@pytest.mark.parametrize(
    "script",
    first_of_each(sorted(SCRIPTS, key=compiles), lambda path: first_word(path.stem)),
    ids=lambda path: path.stem,
)
def test_script_prints_what_is_published(script: Path) -> None:
    package = first_word(script.stem)
    for needed in _NEEDED.get(package, (package,)):
        if find_spec(needed) is None:
            pytest.skip(remedy(needed))
    done = subprocess.run(
        [sys.executable, str(script)], check=False, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    assert without_digits(done.stdout) == without_digits(script.with_suffix(".txt").read_text())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_is_short_and_stands_alone(script: Path) -> None:
    code = script.read_text().split('"""')[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    assert "conformance" not in code
    assert re.search(r"^\s*(from|import) reference\b", code, re.MULTILINE) is None


def test_list_names_every_script() -> None:
    listed = (FOLDER / "README.md").read_text()
    assert SCRIPTS
    assert [s.name for s in SCRIPTS if s.name not in listed] == []
