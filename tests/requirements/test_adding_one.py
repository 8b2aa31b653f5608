"""The requirement that docs/extending.md adds, added as it says: a function and an impostor, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import conformance.requirements.forward
from conformance.judging import requirement as registry
from conformance.judging.requirement import Requirement
from conformance.requirements.catalogue import catalogue
from tests.requirements.test_catalogue import results

ROOT = Path(__file__).parents[2]
NAMES = (
    "conformance", "docs", "examples", "reference", "tests", "LICENSE", "README.md", "mkdocs.yml", "pyproject.toml",
)  # fmt: skip

#: The tests that count or list requirements or exhibits, and those of what is added.
AFFECTED = (
    "tests/requirements/test_catalogue.py -k told_in_full or presupposed or patterns",
    "tests/gallery/test_galleries.py -k there_for_a_requirement or results_hold or needed or names_are",
    "tests/public/test_api.py -k what_is_right_holds",
    "tests/cli/test_init.py -k passes_strictly",
    "tests/project/test_docs.py -k requirements",
)


def shown(begin: str) -> str:
    """The code in docs/extending.md that begins so."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    code = re.search(rf"```python\n({begin}.*?)```", text, re.DOTALL)
    assert code is not None
    return code[1]


def add(folder: Path, module: str, begin: str) -> None:
    """Put that code at the end of a module of the checkout in ``folder``."""
    with (folder / "conformance" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{shown(begin)}")


def performed(folder: Path, chosen: str) -> subprocess.CompletedProcess[str]:
    """Tests of the checkout in ``folder``."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen.split(maxsplit=2)]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


class TestRequirement:
    @pytest.fixture
    def bounded(self) -> Iterator[Requirement]:
        # The names a module of requirements has.
        exec(shown("@requirement"), dict(vars(conformance.requirements.forward)))
        yield {each.id: each for each in catalogue()}["forward.bounded"]
        del registry.registered["forward.bounded"]

    def test_is_in_the_catalogue_and_holds(self, bounded: Requirement) -> None:
        assert bounded.level == "MUST"
        found = results("reference", "forward.bounded")
        assert found["forward.bounded"].outcome == "pass"
        assert found["forward.bounded"].cases > 0

    def test_catches_what_it_is_about(self, bounded: Requirement) -> None:
        found = results("conformance.gallery.impostors_forward:NoNormalisation", "forward.bounded")
        assert found["forward.bounded"].outcome == "fail"


def copied(folder: Path) -> Path:
    """A copy of this checkout, in ``folder``."""
    for name in NAMES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this one, with the requirement."""
    add(copied(tmp_path), "requirements/forward.py", "@requirement")
    return tmp_path


def test_without_an_impostor_the_tests_say_what_to_add(checkout: Path) -> None:
    done = performed(checkout, "tests/gallery/test_galleries.py -k needed")
    assert done.returncode == 1
    assert "no impostor shows that forward.bounded can fail: add one to a module impostors_*" in done.stdout


@pytest.mark.thorough
def test_with_it_every_test_that_counts_or_lists_them_passes(checkout: Path) -> None:
    add(checkout, "gallery/impostors_forward.py", "class Stretched")
    listed = performed(checkout, "tests/gallery/test_galleries.py --collect-only")
    assert "there_for_a_requirement_fails_it[stretched]" in listed.stdout
    for chosen in AFFECTED:
        done = performed(checkout, chosen)
        assert done.returncode == 0, done.stdout + done.stderr
        assert " passed" in done.stdout
