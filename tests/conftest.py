"""What several test modules need."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]

WRONG = Path(__file__).parent / "wrong_layers.py"


def need(*implementations: str) -> None:
    """Skip where a framework that an id names, as keras-torch names two, is not installed, and say what brings it."""
    named = {part for name in implementations for part in name.split("-")}
    for package in ("jax", "keras", "tensorflow", "torch"):
        if package in named and importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the Python package {package}: pip install 'batchnorm-conformance[all]'")


@pytest.fixture
def bnconf(tmp_path: Path) -> Command:
    """Run the command in an empty folder, as a user does."""

    def run(*arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "conformance", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=timeout, check=False
        )

    return run


@pytest.fixture(scope="session")
def wrong() -> Callable[[str], str]:
    """The name, for the command, of a class in wrong_layers.py."""
    return lambda name: f"{WRONG}:{name}"
