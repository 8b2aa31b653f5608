"""The command itself: it starts at once, since it imports no more than it needs, and sees what was meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from conformance.cli import main

#: What takes long to import.
HEAVY = ("numpy", "msgspec", "hypothesis", "altair", "rich", "torch", "tensorflow", "jax", "keras", "onnx")


def bnconf(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def imported(*arguments: str) -> set[str]:
    """The modules that the command has imported by its end."""
    program = (
        "import sys; from conformance.cli import main\n"
        f"main({list(arguments)!r}, standalone_mode=False)\n"
        "print('modules', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("list",), ("list", "--json")])
def test_nothing_heavy_is_imported_for(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)
    assert "conformance.cli" in modules
    assert modules.isdisjoint(HEAVY)


def test_what_others_add_to_hypothesis_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could change what is drawn, and makes every process of the suite start slower."""
    own = tmp_path / "addition-1.dist-info"
    own.mkdir()
    (own / "METADATA").write_text("Metadata-Version: 2.1\nName: addition\nVersion: 1\n")
    (own / "entry_points.txt").write_text("[hypothesis]\naddition = addition\n")
    (tmp_path / "addition.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("HYPOTHESIS_NO_PLUGINS", raising=False)
    modules = imported("run", "--help")
    assert "hypothesis" in modules and "addition" not in modules


def test_a_command_that_is_used_is_imported_and_no_other() -> None:
    modules = imported("list")
    assert "conformance.cli.list" in modules and "conformance.cli.run" not in modules


def test_every_module_is_a_command() -> None:
    folder = Path(__file__).parents[2] / "conformance" / "cli"
    modules = {path.stem.replace("_", "-") for path in folder.glob("[!_]*.py")}
    assert set(main.commands) == modules == set(main.list_commands(click.Context(main)))


@pytest.mark.parametrize("name", list(main.commands))
def test_help_begins_with_what_the_command_says_of_itself(name: str) -> None:
    """The help of all is read from files, that of one from the command."""
    own = " ".join((main.commands[name].help or "").split("\n\n")[0].split())
    assert own
    assert f"{name} {own}" in " ".join(bnconf("--help").output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("smok",), "No such command 'smok'. Did you mean 'smoke'?"),
        (("run", "tensorch"), "no implementation 'tensorch'. Did you mean 'torch' or"),
        (("smoke", "refrence"), "no implementation 'refrence'. Did you mean 'reference' or"),
        (("compare", "reference", "tensorch"), "no implementation 'tensorch'. Did you mean 'torch' or"),
        (("run", "reference", "-r", "shape.gama"), "no requirement matches 'shape.gama'. Did you mean 'shape.gamma'"),
        (("run", "reference", "-r", "forwrd.*"), "no requirement matches 'forwrd.*'. Did you mean 'forward.*'"),
        (("run", "reference", "--dtype", "flaot32"), "Did you mean 'float32'"),
        (("run", "reference", "--sed", "1"), "No such option '--sed'. Did you mean '--seed'"),
        (("run", "reference", "--python", "refrence=x"), "judged are reference. Did you mean 'reference'?"),
        (("self-check", "--kind", "purty"), "Did you mean 'purity'?"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_2_and_is_understood(arguments: tuple[str, ...], said: str) -> None:
    done = bnconf(*arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_nothing_is_meant_by_what_is_like_nothing() -> None:
    assert "Did you mean" not in bnconf("run", "zzz").output


class TestCompare:
    @pytest.fixture(autouse=True)
    def broken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "broken.py").write_text("import a_package_nobody_has\n")
        (tmp_path / "raises.py").write_text("raise RuntimeError('no such kernel')\n")

    @pytest.mark.parametrize("pair", [("reference", "broken.py:Layer"), ("broken.py:Layer", "reference")])
    def test_says_which_of_the_two_does_not_start(self, pair: tuple[str, str]) -> None:
        done = bnconf("compare", *pair)
        assert done.exit_code == 3
        assert done.output == (
            "broken.py:Layer: not installed: it needs the Python package a_package_nobody_has\n"
        )

    def test_says_so_of_both(self) -> None:
        done = bnconf("compare", "broken.py:Layer", "raises.py:Layer")
        assert done.exit_code == 3
        assert "broken.py:Layer: not installed" in done.output
        assert (
            "raises.py:Layer: does not start: RuntimeError: no such kernel\n  -> importing it" in done.output
        )
