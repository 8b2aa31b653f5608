"""What several test modules need, and what a run of the tests leaves out.

Tests marked ``thorough`` take long, and something shorter that catches the same kind of fault stands beside each of
them. A plain run leaves them out and says how many. With ``--thorough`` everything runs, and Hypothesis draws more
examples.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

Command = Callable[..., "subprocess.CompletedProcess[str]"]

WRONG = Path(__file__).parent / "wrong_layers.py"

#: Seconds after which something hangs. It never decides a test where nothing does, however slow the machine is.
HANGS = 600.0
#: Seconds that a test waits for what does hang. Whatever has an answer gives it in a hundredth of that.
WAITS = 3.0

LEFT_OUT = pytest.StashKey[int]()

# Without a deadline or a check of health that is one: how fast the machine is says nothing about the code.
for name, examples in (("short", 50), ("thorough", 500)):
    settings.register_profile(
        name, deadline=None, max_examples=examples, suppress_health_check=[HealthCheck.too_slow]
    )


def first_of_each(every: Iterable[Any], kind: Callable[[Any], object]) -> list[Any]:
    """Parameters of a test: the first of each kind for a short run, and the rest for a thorough one."""
    seen: set[object] = set()
    marked = []
    for each in every:
        thorough = [pytest.mark.thorough] if kind(each) in seen else []
        values = each if isinstance(each, tuple) else (each,)
        marked.append(pytest.param(*values, marks=thorough))
        seen.add(kind(each))
    return marked


def first_word(name: str) -> str:
    """Of an implementation or a finding: the framework it is of."""
    return name.partition("-")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run the tests that take long as well")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: takes long, and runs with --thorough alone")
    config.stash[LEFT_OUT] = 0
    settings.load_profile("thorough" if config.getoption("thorough") else "short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("thorough"):
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    items[:] = [item for item in items if not item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = len(left_out)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterable[None]:
    """Each process of pytest-xdist collects for itself, and gives the number to the one that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[LEFT_OUT]
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash[LEFT_OUT]:
        tests = "1 thorough test was" if left_out == 1 else f"{left_out} thorough tests were"
        terminalreporter.write_line(f"{tests} left out: to run everything, python -m tox -e thorough")


def need(*implementations: str) -> None:
    """Skip where a framework that an id names, as keras-torch names two, is not installed, and say what brings it."""
    named = {part for name in implementations for part in name.split("-")}
    for package in ("jax", "keras", "tensorflow", "torch"):
        if package in named and importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the Python package {package}: pip install '.[all]'")


@pytest.fixture
def bnconf(tmp_path: Path) -> Command:
    """Run the command in an empty folder, as a user does."""

    def run(*arguments: str, timeout: float = HANGS) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "conformance", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=timeout, check=False
        )

    return run


@pytest.fixture(scope="session")
def wrong() -> Callable[[str], str]:
    """The name, for the command, of a class in wrong_layers.py."""
    return lambda name: f"{WRONG}:{name}"
