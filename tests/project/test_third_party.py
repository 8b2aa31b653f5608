"""Batch norms that others wrote: short adapters, and a proof without the suite for whatever they are accused of.

``python -m tox -e third-party`` judges them, and runs the proofs; elsewhere those whose package is there run.
"""

from __future__ import annotations

import ast
import configparser
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


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_adapter_is_short_and_uses_the_public_names_alone(path: Path) -> None:
    text = path.read_text()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            assert sum(bool(line.strip()) for line in lines) <= 25, node.name
    assert set(re.findall(r"from (conformance[\w.]*) import", text)) <= {"conformance"}


def _judged(path: Path) -> list[str]:
    """The names in a file that an implementation goes by: classes that can build, and decorated functions."""
    return [
        node.name
        for node in ast.parse(path.read_text()).body
        if (isinstance(node, ast.FunctionDef) and node.decorator_list)
        or (isinstance(node, ast.ClassDef) and "build" in ast.unparse(node))
    ]


def test_tox_judges_every_adapter() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    listed = re.findall(r"\w+\.py:\w+", tox["testenv:third-party"]["commands"])
    assert sorted(listed) == sorted(f"{path.name}:{name}" for path in ADAPTERS for name in _judged(path))


def test_every_failure_that_is_known_has_a_proof_and_every_proof_a_failure() -> None:
    """Where PyTorch's or MLX' own layer is underneath, the proof is one of the published findings."""
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
