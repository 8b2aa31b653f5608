"""Batch norms that others wrote: short adapters, and a proof without the suite for whatever they are accused of.

``python -m tox -e third-party`` judges them, and runs the proofs; elsewhere those whose package is there run.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance.results.baseline import read_baseline
from tests.conftest import HANGS
from tests.project.test_findings import without_digits

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "third_party"
ADAPTERS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "sharing")
PROOFS = sorted((FOLDER / "proofs").glob("*.py"))
KNOWN = read_baseline(FOLDER / "known.toml")


def _code(path: Path) -> int:
    """The lines of an adapter but for imports, its docstring and what is empty."""
    text = path.read_text()
    lines = text.splitlines()
    body = [node for node in ast.parse(text).body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    spans = [lines[node.lineno - 1 : node.end_lineno] for node in body]
    return sum(bool(line.strip()) for span in spans for line in span)


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_adapter_is_short_and_uses_the_public_names_alone(path: Path) -> None:
    classes = sum(
        isinstance(node, ast.ClassDef | ast.FunctionDef) for node in ast.parse(path.read_text()).body
    )
    assert _code(path) <= 25 * classes
    assert set(re.findall(r"from (conformance[\w.]*) import", path.read_text())) <= {"conformance"}


def test_tox_judges_every_adapter() -> None:
    listed = (ROOT / "tox.ini").read_text()
    assert len(ADAPTERS) >= 10
    assert [path.name for path in ADAPTERS if f"{path.name}:" not in listed] == []


def test_every_failure_that_is_known_has_a_proof_and_every_proof_a_failure() -> None:
    """Where a layer is PyTorch's own underneath, the proof is one of the published findings."""
    named = {each.reason.partition(":")[0] for each in KNOWN}
    findings = {path.name for path in (ROOT / "reports" / "published" / "findings").glob("*.py")}
    assert named - findings == {path.name for path in PROOFS}


@pytest.mark.parametrize("script", PROOFS, ids=lambda path: path.stem)
def test_proof_prints_what_it_is_said_to_print(script: Path) -> None:
    code = script.read_text().split('"""')[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 16
    assert "conformance" not in code
    for package in re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE):
        if find_spec(package) is None:
            pytest.skip(f"needs the Python package {package}: python -m tox -e third-party")
    done = subprocess.run(
        [sys.executable, str(script)], check=False, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    assert without_digits(done.stdout) == without_digits(script.with_suffix(".txt").read_text())
