"""What lies in the current folder: no process of the suite takes it for a module of Python or of the suite, and an
adapter still finds the modules beside it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANGS

#: Modules that the suite, a pool of processes or a worker imports, of Python and of packages.
TRAPS = (
    *(
        "socket",
        "json",
        "pickle",
        "tempfile",
        "threading",
        "subprocess",
        "signal",
        "multiprocessing",
        "random",
    ),
    *(
        "numpy",
        "msgspec",
        "click",
        "rich",
        "sitecustomize_of_nobody",
        "torch_of_nobody",
        "importlib_metadata",
    ),
)
FEW = ("-r", "shape.gamma", "--dtype", "float32", "--max-examples", "4", "--jobs", "2")
SCRIPT = [str(Path(sys.executable).with_name("bnconf"))]
MODULE = [sys.executable, "-m", "conformance"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in TRAPS:
        (tmp_path / f"{name}.py").write_text("open(__file__ + '.ran', 'w').close()\n")
    return tmp_path


def bnconf(command: list[str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=HANGS, check=False
    )


def ran(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.glob("*.ran")}


def test_the_traps_work(folder: Path) -> None:
    """Python itself would import them."""
    subprocess.run([sys.executable, "-c", "import socket, numpy"], cwd=folder, check=False)
    assert {"socket", "numpy"} <= ran(folder)


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["script", "module"])
def test_no_file_there_is_imported_by_the_suite(folder: Path, command: list[str]) -> None:
    done = bnconf(command, folder, "run", "reference", *FEW, "-o", "out")
    assert done.returncode == 0, done.stderr
    assert not ran(folder)


def test_nor_by_what_looks_at_an_interpreter(folder: Path) -> None:
    named = f"reference={sys.executable}"
    done = bnconf(SCRIPT, folder, "run", "reference", *FEW, "--python", named)
    assert done.returncode == 0, done.stderr
    assert not ran(folder)


def test_an_adapter_finds_the_modules_beside_it(folder: Path) -> None:
    assert bnconf(SCRIPT, folder, "init", "my_norm.py").returncode == 0
    with (folder / "my_norm.py").open("a") as file:
        file.write("import beside\n")
    (folder / "beside.py").write_text("")
    done = bnconf(SCRIPT, folder, "run", "my_norm.py:MyNorm", *FEW)
    assert done.returncode == 0, done.stderr
    assert bnconf(SCRIPT, folder, "run", "my_norm:MyNorm", *FEW).returncode == 0
    assert not ran(folder)


def test_a_program_finds_the_modules_beside_it(folder: Path) -> None:
    (folder / "program.py").write_text("import beside\n")
    (folder / "beside.py").write_text("open('found', 'w').close()\n")
    done = bnconf(SCRIPT, folder, "run", f"exec:{sys.executable} program.py", *FEW)
    assert done.returncode == 3  # It is no adapter.
    assert (folder / "found").exists(), done.stderr
