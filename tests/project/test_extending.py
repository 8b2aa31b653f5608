"""The framework and the form of the report that docs/extending.md adds, added as it says; tests/requirements has the
requirement.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANGS
from tests.requirements.test_adding_one import ROOT, copied, shown

FRAMEWORK = "conformance.implementations.my_framework:MyFramework [my-framework]"


def performed(folder: Path, *arguments: str | Path) -> str:
    """What Python prints, with the packages of the checkout in ``folder``, and what is installed beside them."""
    path = os.pathsep.join((str(folder), str(folder / "installed")))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bnconf(folder: Path, *arguments: str) -> str:
    return performed(folder, "-m", "conformance", *arguments)


def test_a_form_of_the_report_is_one_file(tmp_path: Path) -> None:
    checkout = copied(tmp_path)
    module = checkout / "conformance" / "report" / "renderers" / "verdicts.py"
    module.write_text(shown('"""verdicts.csv'), encoding="utf-8")
    bnconf(checkout, "run", "reference", "-r", "shape.*", "--max-examples", "4", "-o", "out")
    with (checkout / "out" / "verdicts.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert ("reference", "shape.gamma", "pass") in [tuple(row.values()) for row in rows]
    layout = performed(
        checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/project/test_layout.py"
    )
    assert " passed" in layout


def test_a_framework_is_a_file_an_entry_point_and_a_row(tmp_path: Path) -> None:
    """With a framework that is installed wherever the tests are."""
    checkout = copied(tmp_path)
    bnconf(checkout, "init", "conformance/implementations/my_framework.py")
    assert FRAMEWORK in (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    project = checkout / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    text = text.replace("\ntorch = [", '\nmy-framework = ["numpy>=1.26"]\ntorch = [', 1)
    text = text.replace("\nreference = ", f'\nmy-framework = "{FRAMEWORK}"\nreference = ', 1)
    project.write_text(text, encoding="utf-8")
    row = "| `my-framework` | `my-framework` | a batch norm of NumPy |"
    table = checkout / "docs" / "frameworks.md"
    table.write_text(
        re.sub(r"(\n\|---.*\n)", rf"\1{row}\n", table.read_text(encoding="utf-8"), count=1), encoding="utf-8"
    )
    here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--target", "installed")
    performed(checkout, *pip, *here, ".")

    assert re.search(r"^  my-framework +numpy ", bnconf(checkout, "list"), re.MULTILINE)
    assert "ready: bnconf run my-framework" in bnconf(checkout, "smoke", "my-framework")
    judged = bnconf(checkout, "run", "my-framework", "-r", "shape.*", "--max-examples", "4")
    assert "everything holds" in judged
    chosen = (
        "tests/project/test_docs.py",
        "tests/cli/test_installed.py",
        "-k",
        "registered or framework or hint",
    )
    assert " passed" in performed(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen)


@pytest.mark.parametrize(("kind", "files"), [("requirement", "two"), ("framework", "three"), ("form", "one")])
def test_the_document_says_how_many_files_each_touches(kind: str, files: str) -> None:
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{kind}\b[^.]* touches {files} files?:", text)
