"""The house: imports go one way, down, without circles, and the top of the package shows its public face alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANGS

ROOT = Path(__file__).parents[2]
FACE = {"__init__.py", "__main__.py", "adapting.py", "api.py", "implementation.py", "py.typed", "version.py"}


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject.toml, kept by the checkout in ``folder`` or not."""
    program = "from importlinter.cli import lint_imports_command as main; main(['--no-cache'])"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the checkout to break."""
    for name in ("conformance", "reference"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_go_down_and_in_no_circle() -> None:
    done = linted(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "imported", "broken"),
    [
        ("judging/verdict.py", "conformance.report.words", "Imports go one way, down"),
        ("cases/case.py", "conformance.cases.drawing", "No circles among the modules of a package"),
        ("../reference/identity.py", "conformance.version", "The reference imports NumPy alone"),
    ],
)
def test_one_that_does_not_is_seen(copied: Path, module: str, imported: str, broken: str) -> None:
    changed = copied / "conformance" / module
    changed.write_text(changed.read_text(encoding="utf-8") + f"\nimport {imported}\n", encoding="utf-8")
    done = linted(copied)
    assert done.returncode == 1
    assert f"{broken} BROKEN" in done.stdout


def test_a_package_that_no_layer_has_is_seen(copied: Path) -> None:
    (copied / "conformance" / "attic.py").write_text('"""Nobody knows where this belongs."""\n')
    done = linted(copied)
    assert done.returncode == 1
    assert "attic" in done.stdout


def test_the_top_of_the_package_is_its_public_face() -> None:
    package = ROOT / "conformance"
    assert {path.name for path in package.iterdir() if path.is_file()} == FACE
    for folder in package.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert (folder / "__init__.py").is_file()


def test_the_face_is_whole_and_lazy() -> None:
    program = (
        "import sys, conformance\n"
        "assert not [name for name in sys.modules if name.startswith('conformance.')]\n"
        "for name in conformance.__all__: getattr(conformance, name)\n"
        "assert set(conformance.__all__) <= set(dir(conformance))\n"
        "from conformance import Capabilities, Gradients, LayerConfig, batch_norm, check\n"
        "from conformance.implementation import Capabilities as deep\n"
        "assert deep is Capabilities\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=HANGS)
