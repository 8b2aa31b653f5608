"""What others install: the wheel, what is in it, and whether it works without this checkout."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import HANGS

ROOT = Path(__file__).parents[2]
PACKAGES = ("conformance", "reference")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=HANGS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the checkout; without hatchling at hand pip fetches it, which needs a network."""
    folder = tmp_path_factory.mktemp("wheel")
    here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *here, "-w", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of an environment of its own, which has the wheel and what it depends on, and not the checkout."""
    home = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", home / "env", cwd=home)
    python = home / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    dependencies = [each for each in sys.path if each.endswith("site-packages")]
    (Path(where) / "dependencies.pth").write_text("\n".join(dependencies) + "\n")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index")
    run(*pip, "--ignore-installed", wheel, cwd=home)
    return python


def test_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    own = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = {name.partition(".dist-info/")[2] for name in names - own}
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert own <= names
    # What is read at run time, of which the import of a module would not tell that it is missing.
    assert {
        "conformance/py.typed",
        "reference/py.typed",
        "conformance/gallery/sound.py",
        "conformance/report/page/page.css",
        "conformance/report/page/page.js",
        "conformance/report/schema-v1.json",
    } <= names


class TestInstalled:
    """Away from the checkout."""

    def test_the_command_works(self, python: Path, tmp_path: Path) -> None:
        place = run(python, "-c", "import conformance; print(conformance.__file__)", cwd=tmp_path)
        assert str(python.parents[1]) in place
        listed = json.loads(run(python.parent / "bnconf", "list", "--json", cwd=tmp_path))
        assert next(each["installed"] for each in listed if each["id"] == "reference")
        assert next(each["extras"] for each in listed if each["id"] == "torch-onnx") == ["torch-onnx"]
        judged = ("run", "reference", "-r", "shape.gamma", "--max-examples", "4", "-o", "out")
        run(python.parent / "bnconf", *judged, cwd=tmp_path)
        assert (tmp_path / "out" / "index.html").stat().st_size > 10_000

    def test_its_types_are_seen(self, python: Path, tmp_path: Path) -> None:
        pytest.importorskip("mypy", reason="needs mypy: pip install mypy")
        (tmp_path / "adapter.py").write_text(
            "from conformance.implementation import Capabilities, LayerConfig\n"
            "from reference import identity_parameters\n"
            "reveal_type(Capabilities().axes)\n"
            "reveal_type(identity_parameters)\n"
            "LayerConfig(input_shape='four', axis=1, dtype='float32')\n"
        )
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--python-executable",
            python,
            "adapter.py",
        ]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=HANGS, check=False
        )
        assert "Revealed type is \"Literal['any'] | tuple[int, ...]\"" in done.stdout.replace("builtins.", "")
        assert 'Argument "input_shape" to "LayerConfig" has incompatible type "str"' in done.stdout
        assert "Found 1 error in 1 file" in done.stdout
