"""The pytest plugin, in a project that uses it: what it collects, runs and says, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.requirements.catalogue import catalogue
from tests.conftest import HANGS, WRONG, Command, first_of_each

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_batch_norm.py"
FEW = ("--bnconf-max-examples", "8", "--bnconf-dtype", "float32")

Done = subprocess.CompletedProcess[str]
Pytest = Callable[..., Done]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with adapters and a test of its own."""
    shutil.copy(EXAMPLE, tmp_path)
    shutil.copy(WRONG, tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own():\n    pass\n")
    return tmp_path


@pytest.fixture
def run(project: Path) -> Pytest:
    """Run pytest in the project, with this plugin alone; with those that are installed, as a user does, where they
    matter: to find them takes longer than most of these tests.
    """

    def run(*arguments: str, installed: bool = False, folder: str = ".") -> Done:
        plugins = [] if installed else ["-p", "conformance.pytest_plugin"]
        command = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", *arguments]
        alone = {} if installed else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment = {**os.environ, **alone}
        return subprocess.run(
            command,
            cwd=project / folder,
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=False,
            env=environment,
        )

    return run


def collected(done: Done) -> list[str]:
    return [line for line in done.stdout.splitlines() if "::" in line]


def outcomes(junit: Path) -> dict[str, str]:
    """By name of the test: passed, failure, or skipped."""
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    return {
        case.attrib["name"]: next((e.tag for e in case if e.tag in ("failure", "skipped", "error")), "passed")
        for case in cases
    }


class TestCollection:
    def test_is_a_test_for_each_requirement_beside_those_of_the_project(self, run: Pytest) -> None:
        found = collected(run("--bnconf", "my_batch_norm.py:MyBatchNorm", "--collect-only", "-q"))
        assert found == [
            "tests/test_own.py::test_own",
            *(f"my_batch_norm.py::MyBatchNorm::{each.id}" for each in catalogue()),
        ]

    def test_of_several_implementations_of_every_kind_of_name(self, run: Pytest) -> None:
        names = ("wrong_layers.py:Scalar", "wrong_layers:Matrix", "reference", "exec:./prog --x")
        arguments = [part for name in names for part in ("--bnconf", name)]
        found = collected(run(*arguments, "--collect-only", "-q", "-k", "shape.gamma"))
        assert found == [
            "wrong_layers.py::Scalar::shape.gamma",
            "wrong_layers:Matrix::shape.gamma",
            "reference::shape.gamma",
            "exec:./prog --x::shape.gamma",
        ]

    @pytest.mark.parametrize(
        "place", first_of_each(["wrong_layers.py::Scalar", "reference"], lambda _: "place")
    )
    def test_takes_node_ids(self, run: Pytest, place: str) -> None:
        both = ("--bnconf", "wrong_layers.py:Scalar", "--bnconf", "reference", "--collect-only", "-q")
        assert collected(run(*both, f"{place}::shape.beta")) == [f"{place}::shape.beta"]
        everything = collected(run(*both, "wrong_layers.py::Scalar"))
        assert everything == [f"wrong_layers.py::Scalar::{each.id}" for each in catalogue()]

    def test_says_that_a_node_id_names_no_requirement(self, run: Pytest) -> None:
        done = run("--bnconf", "wrong_layers.py:Scalar", "wrong_layers.py::Scalar::shape.gama")
        assert done.returncode == pytest.ExitCode.INTERRUPTED
        assert "no requirement matches 'shape.gama'" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--bnconf", "missing.py:Layer"), "no file"),
            (("--bnconf", "nothing"), "no implementation 'nothing'. Expected an id"),
            (("--bnconf", "reference", "--bnconf-dtype", "float8"), "expected one of float32, float64"),
            (("--bnconf", "reference", "--bnconf-max-examples", "0"), "expected 1 or more"),
            (("--bnconf", "reference", "--bnconf-seed", "-1"), "expected 0 or more"),
        ],
    )
    def test_refuses_wrong_usage(self, run: Pytest, arguments: tuple[str, ...], said: str) -> None:
        done = run(*arguments)
        assert done.returncode == pytest.ExitCode.USAGE_ERROR
        assert said in done.stderr and "Traceback" not in done.stderr


class TestConfiguration:
    """Implementations named in the configuration are part of a plain run, like the project's other tests."""

    @pytest.fixture(autouse=True)
    def configured(self, project: Path) -> None:
        lines = "[pytest]\ntestpaths = tests\nbnconf_implementations =\n    wrong_layers.py:Scalar\n    reference\n"
        (project / "pytest.ini").write_text(lines)

    def places(self, done: Done) -> list[str]:
        return list(dict.fromkeys(each.partition("::")[0] for each in collected(done)))

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ((), ["tests/test_own.py", "wrong_layers.py", "reference"]),
            (("tests",), ["tests/test_own.py"]),
            (("tests/test_own.py::test_own",), ["tests/test_own.py"]),
            ((".",), ["tests/test_own.py", "wrong_layers.py"]),
            (("wrong_layers.py::Scalar::shape.gamma",), ["wrong_layers.py"]),
            (("reference::shape.gamma",), ["reference"]),
        ],
        ids=lambda value: " ".join(value) or "no arguments",
    )
    def test_is_restricted_by_arguments(
        self, run: Pytest, arguments: tuple[str, ...], expected: list[str]
    ) -> None:
        assert self.places(run("--collect-only", "-q", *arguments)) == expected

    def test_paths_are_relative_to_the_file(self, run: Pytest) -> None:
        assert "wrong_layers.py" in self.places(run("--collect-only", "-q", "..", folder="tests"))


class TestJudging:
    def test_a_failure_is_told_as_the_command_tells_it(self, run: Pytest, bnconf: Command) -> None:
        done = run("--bnconf", "my_batch_norm.py:MyBatchNorm", *FEW, "-k", "numerics.variance")
        assert done.returncode == pytest.ExitCode.TESTS_FAILED
        said = " ".join(done.stdout.split())
        for words in (
            "is nan, although x and the exact output are finite",
            "This is batch norm with the variance as E[x^2] - E[x]^2",
            "x of shape (3, 1), axis 1, float32, epsilon 1e-05, seed",
            "gamma = [1] beta = [0]",
            "FAILED my_batch_norm.py::MyBatchNorm::numerics.variance - Failed: y[0, 0] of",
        ):
            assert words in said
        assert "pytest_items.py" not in said and "Traceback" not in said
        command = bnconf(
            "run",
            f"{EXAMPLE}:MyBatchNorm",
            "-r",
            "numerics.variance",
            "--max-examples",
            "16",
            "--dtype",
            "float32",
        )
        numbers = next(line for line in done.stdout.splitlines() if line.startswith("x     ="))
        assert numbers in command.stdout

    @pytest.mark.parametrize(
        ("name", "requirement", "said"),
        first_of_each(
            [
                ("Scalar", "shape.gamma", "gamma has shape () for 2 features"),
                ("Scalar", "identity.not-by-scalars", "MUST"),
                ("Matrix", "shape.independent-of-batch", "MUST"),
                ("EpsilonOutside", "forward.epsilon", "epsilon added outside the square root"),
            ],
            lambda each: each[2] == "MUST",
        ),
    )
    def test_wrong_layers_fail(self, run: Pytest, name: str, requirement: str, said: str) -> None:
        done = run("--bnconf", f"wrong_layers.py:{name}", *FEW, f"wrong_layers.py::{name}::{requirement}")
        assert done.returncode == pytest.ExitCode.TESTS_FAILED
        assert said in done.stdout

    def test_a_failure_names_what_it_presupposes(self, run: Pytest) -> None:
        done = run(
            "--bnconf", "wrong_layers.py:EpsilonOutside", *FEW, "-k", "forward.training or forward.axis"
        )
        assert "It presupposes forward.training, which fails as well" in done.stdout

    def test_a_should_is_an_expected_failure_unless_strict(self, run: Pytest) -> None:
        one = ("--bnconf", "my_batch_norm.py:MyBatchNorm", *FEW, "-k", "degenerate.huge", "-rx")
        lenient, strict = run(*one), run(*one, "--bnconf-strict")
        assert lenient.returncode == 0
        assert (
            "degenerate.huge - SHOULD, fail in float32, at worst not finite: y[0, 0] is nan" in lenient.stdout
        )
        assert strict.returncode == pytest.ExitCode.TESTS_FAILED

    def test_what_is_not_declared_is_skipped_and_says_why(self, run: Pytest) -> None:
        done = run("--bnconf", "my_batch_norm.py:MyBatchNorm", *FEW, "-k", "gradient.beta", "-rs")
        assert done.returncode == 0
        assert "SKIPPED [1] my_batch_norm.py:1: unsupported: declares no gradients" in done.stdout

    def test_runs_no_more_than_is_selected(self, run: Pytest, project: Path) -> None:
        """The layer counts the calls made on it."""
        (project / "counting.py").write_text(
            "from wrong_layers import EpsilonOutside\n"
            "class Counting(EpsilonOutside):\n"
            "    class Layer(EpsilonOutside.Layer):\n"
            "        def forward(self, x, *, training):\n"
            "            with open('calls', 'a') as calls:\n"
            "                calls.write('.')\n"
            "            return super().forward(x, training=training)\n"
        )

        def calls(*arguments: str) -> int:
            (project / "calls").write_text("")
            run("--bnconf", "counting.py:Counting", *FEW, *arguments)
            return len((project / "calls").read_text())

        few, both = calls("-k", "shape.gamma"), calls("-k", "shape.gamma or forward.training")
        assert 0 < few < both
        assert calls("-k", "shape.gamma or forward.training or numerics", "-x") == both

    @pytest.mark.thorough
    def test_seeds_and_filters_of_warnings_are_no_matter_of_the_project(self, run: Pytest) -> None:
        one = ("--bnconf", "wrong_layers.py:EpsilonOutside", *FEW, "-k", "forward.training")
        numbers = [
            next(line for line in run(*one, *more, installed=True).stdout.splitlines() if "x     =" in line)
            for more in ((), ("-W", "error", "--hypothesis-seed", "3"))
        ]
        assert numbers[0] == numbers[1]


class TestInCI:
    def test_junit_has_every_requirement_and_xdist_gives_the_same(self, run: Pytest, project: Path) -> None:
        some = ("--bnconf", "my_batch_norm.py:MyBatchNorm", *FEW, "-k", "shape or numerics.variance")
        run(*some, "--junitxml", "one.xml", installed=True)
        found = outcomes(project / "one.xml")
        assert list(found) == [e.id for e in catalogue() if "shape" in e.id or e.id == "numerics.variance"]
        assert {"passed", "failure", "skipped"} == set(found.values())
        text = (project / "one.xml").read_text()
        assert 'classname="my_batch_norm.MyBatchNorm" name="shape.gamma"' in text
        assert '<property name="observed" value="(n,)" />' in text

        pytest.importorskip("xdist", reason="needs pytest-xdist: pip install pytest-xdist")
        run(*some, "-n", "2", "--junitxml", "two.xml", installed=True)
        assert outcomes(project / "two.xml") == found


class TestHostile:
    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("os.abort()", "MUST, crash in float32"),
            ("raise OSError('\\33[31mred' * 10000)", "MUST, error in float32"),
            ("return b'no array'", "MUST, error in float32"),
            ("print('noise')\n        return super().forward(x, training=training)", "1 passed"),
        ],
        ids=["dies", "raises", "returns nonsense", "prints"],
    )
    def test_layers_cost_their_own_test(self, run: Pytest, project: Path, statement: str, said: str) -> None:
        (project / "hostile.py").write_text(
            "import os\n"
            "from wrong_layers import Layer, _Implementation\n"
            "class Hostile(Layer):\n"
            "    def forward(self, x, *, training):\n"
            f"        {statement}\n"
            "class BatchNorm(_Implementation):\n"
            "    def build(self, config):\n"
            "        return Hostile(config, (config.input_shape[config.axis],))\n"
        )
        done = run("--bnconf", "hostile.py:BatchNorm", *FEW, "-k", "forward.training")
        assert said in done.stdout
        assert "INTERNALERROR" not in done.stdout and "Traceback" not in done.stdout
        assert "\33" not in done.stdout and len(done.stdout) < 20_000

    def test_what_does_not_start_says_so(self, run: Pytest, project: Path) -> None:
        (project / "broken.py").write_text("import a_package_nobody_has\n")
        done = run("--bnconf", "broken.py:Layer", *FEW, "-k", "shape")
        assert done.returncode == pytest.ExitCode.TESTS_FAILED
        assert "Layer was not judged" in done.stdout and "a_package_nobody_has" in done.stdout
        assert "it does not start, as said above" in done.stdout


class TestOthersProjects:
    def test_nothing_is_imported_until_asked_for(self, run: Pytest, project: Path) -> None:
        (project / "tests" / "test_own.py").write_text(
            "import sys\n"
            "def test_own():\n"
            "    assert 'conformance.pytest_plugin' in sys.modules\n"
            "    own = ('conformance', 'reference', 'msgspec')\n"
            "    loaded = [m for m in sys.modules if m.partition('.')[0] in own]\n"
            "    assert sorted(loaded) == ['conformance', 'conformance.pytest_plugin']\n"
        )
        done = run(installed=True)
        assert done.returncode == 0, done.stdout
