"""``bnconf init``: the file it writes is an adapter that works, and passes."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance import check
from conformance.requirements.catalogue import catalogue
from tests.conftest import Command, need


@pytest.fixture
def fresh(bnconf: Command, tmp_path: Path) -> Path:
    assert bnconf("init", "my_norm.py").returncode == 0
    return tmp_path / "my_norm.py"


def test_it_says_what_to_do_next(bnconf: Command) -> None:
    said = bnconf("init", "my_norm.py").stdout
    assert "wrote my_norm.py" in said and "CHANGE marks the places" in said
    assert "bnconf smoke my_norm.py:MyNorm " in said and "bnconf run my_norm.py:MyNorm " in said
    assert "check('my_norm.py:MyNorm').raise_for_failures()" in said


def test_the_places_to_change_are_marked_and_named_after_the_file(fresh: Path) -> None:
    text = fresh.read_text()
    assert text.count("CHANGE: ") >= 6
    assert "class MyNorm:" in text and "class MyNormLayer:" in text and "bnconf run my_norm.py:MyNorm" in text
    assert "MyBatchNorm" not in text and "FILE" not in text


def test_the_fresh_file_passes_strictly(bnconf: Command, fresh: Path) -> None:
    done = bnconf("run", f"{fresh.name}:MyNorm", "--strict", "--max-examples", "8")
    assert done.returncode == 0, done.stdout
    assert f"{len(catalogue())} requirements" in done.stdout and "everything holds" in done.stdout


#: Groups of what only some frameworks offer.
_OFFERED = ("derivative", "mixed", "saved", "mask", "replica", "compiled")


def test_every_requirement_is_asked_of_it(fresh: Path) -> None:
    """It shows all that an adapter can do, but what only some frameworks offer."""
    found = check(f"{fresh}:MyNorm", max_examples=4)
    unsupported = {r.requirement for r in found.report.results if str(r.outcome) == "unsupported"}
    besides = {name for name in unsupported if name.partition(".")[0] in _OFFERED}
    besides |= {
        "gradient.outstanding",
        "running.frozen",
        "running.defaults",
        "running.cumulative",
        "numerics.half",
    }
    assert unsupported <= besides


#: Each with an implementation that needs the same packages.
FRAMEWORKS = {"torch": "torch", "keras": "keras-tensorflow", "jax": "keras-jax"}


@pytest.mark.parametrize(
    "framework", ["torch", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("keras", "jax"))]
)
def test_an_adapter_of_a_framework_is_in_order(bnconf: Command, tmp_path: Path, framework: str) -> None:
    need(FRAMEWORKS[framework])
    assert bnconf("init", f"--{framework}", "my_norm.py").returncode == 0
    text = (tmp_path / "my_norm.py").read_text()
    assert text.count("CHANGE: ") >= 4 and "class MyNorm:" in text and "MyBatchNorm" not in text
    done = bnconf("smoke", "my_norm.py:MyNorm")
    assert done.returncode == 0 and "ready: bnconf run my_norm.py:MyNorm" in done.stdout, done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_adapter_of_a_framework_is_right(bnconf: Command, framework: str) -> None:
    need(FRAMEWORKS[framework])
    bnconf("init", f"--{framework}", "my_norm.py")
    groups = ("shape.*", "forward.*", "identity.*", "gradient.gamma", "gradient.input", "running.*")
    asked = [option for group in groups for option in ("-r", group)]
    done = bnconf("run", "my_norm.py:MyNorm", *asked, "--max-examples", "8")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("option", "file", "says"),
    [
        ("--cpp", "my_norm.cpp", "c++ -O2 -std=c++17 my_norm.cpp -o my_norm"),
        ("--js", "my_norm.js", "bnconf run 'exec:node my_norm.js'"),
    ],
)
def test_a_program_is_written_in_another_language(
    bnconf: Command, tmp_path: Path, option: str, file: str, says: str
) -> None:
    """What it holds is judged by ``test_other_languages.py``."""
    done = bnconf("init", option, file)
    assert done.returncode == 0 and says in done.stdout
    assert "CHANGE" in (tmp_path / file).read_text() and "batch_norm" not in (tmp_path / file).read_text()
    assert "ends in" in bnconf("init", option, "my_norm.py").stderr


def test_no_adapter_is_written_for_a_framework_that_has_none(bnconf: Command, tmp_path: Path) -> None:
    assert bnconf("init", "--tensorflow", "my_norm.py").returncode == 2
    assert not (tmp_path / "my_norm.py").exists()


@pytest.mark.parametrize("tool", [("ruff", "check", "--isolated"), ("mypy", "--strict")])
def test_the_fresh_file_is_clean(fresh: Path, tool: tuple[str, ...]) -> None:
    if find_spec(tool[0]) is None:
        pytest.skip(f"pip install {tool[0]}, or the extra lint, to run this")
    command = [sys.executable, "-m", *tool, fresh.name]
    done = subprocess.run(command, cwd=fresh.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("norm.py", "Norm"),
        ("my-batch-norm.py", "MyBatchNorm"),
        ("fusedBN.py", "FusedBN"),
        ("array.py", "ArrayBatchNorm"),  # Array is something else in it
        ("none.py", "NoneBatchNorm"),
    ],
)
def test_the_class_has_the_name_of_the_file(bnconf: Command, tmp_path: Path, file: str, name: str) -> None:
    assert f"bnconf run {file}:{name} " in bnconf("init", file).stdout
    assert check(
        f"{tmp_path / file}:{name}", requirements="shape.gamma", dtypes="float32", max_examples=4
    ).holds


def test_nothing_is_overwritten_unless_forced(bnconf: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    done = bnconf("init", "mine.py")
    assert done.returncode == 2 and "'mine.py' is there already; --force overwrites it" in done.stderr
    assert (tmp_path / "mine.py").read_text() == "precious"
    assert bnconf("init", "mine.py", "--force").returncode == 0
    assert "class Mine:" in (tmp_path / "mine.py").read_text()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("norm.txt", "expected the name of a Python file"),
        ("2d.py", "expected the name of a Python file"),
        ("nowhere/norm.py", "cannot write 'nowhere/norm.py': No such file or directory"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_expected(bnconf: Command, file: str, said: str) -> None:
    done = bnconf("init", file)
    assert done.returncode == 2 and said in done.stderr
