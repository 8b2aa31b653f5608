"""Every command that the documentation shows is run here, or run by another test, or listed with the reason why no
test can run it. A new command that is none of these fails.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = next(each for each in Path(__file__).resolve().parents if (each / "pyproject.toml").is_file())
BASH = shutil.which("bash")

#: What makes a line of prose in backticks a command, if something follows.
PROGRAMS = ("bnconf", "c++", "npm", "pip", "pytest", "python", "tox")


def documents() -> list[Path]:
    shown = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "reports" / "README.md"]
    shown += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("README.md")]
    return sorted(each for each in shown if each.is_file() and "node_modules" not in each.parts)


def commands(text: str) -> Iterator[str]:
    """Those of a document: each line of a shell block, each script line of YAML, and each command in the prose."""
    fence = r"^[ ]*```(\w*)[^\n]*\n(.*?)^[ ]*```"
    for kind, block in re.findall(fence, text, re.DOTALL | re.MULTILINE):
        if kind in ("bash", "console", "sh", "shell"):
            lines = block.replace("\\\n", " ").splitlines()
            yield from (_plain(line.removeprefix("$ ")) for line in lines)
        elif kind == "yaml":
            lines = re.findall(r"^\s*- (.*)$", block, re.MULTILINE)
            yield from (_plain(line) for line in lines if line.split(" ")[0] in PROGRAMS)
    prose = re.sub(fence, "", text, flags=re.DOTALL | re.MULTILINE)
    for quoted in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose):
        program, *rest = quoted.split()
        # `bnconf run` alone is the name of a command, and `bnconf run --baseline` that of an option.
        named = program == "bnconf" and all(re.fullmatch(r"-?-?[a-z][a-z-]*", word) for word in rest)
        if program in PROGRAMS and rest and (not named or len(rest) > 2):
            yield _plain(quoted)


def _plain(line: str) -> str:
    """A line without its comment and its indentation."""
    return " ".join(re.split(r"\s+#\s", line)[0].split())


def shown() -> list[str]:
    """Every distinct command, in the order of the documents."""
    every = (each for path in documents() for each in commands(path.read_text(encoding="utf-8")))
    return list(dict.fromkeys(filter(None, every)))


@dataclass(frozen=True)
class Run:
    """What comes of a command.

    :ivar says: part of what it prints. :ivar without: a file that must not be there before.
    """

    status: int = 0
    says: str = ""
    without: str = ""


#: Run here as they stand, in a folder of their own, by bash.
RUN = {
    "bnconf init my_norm.py": Run(0, "wrote my_norm.py", without="my_norm.py"),
    "bnconf smoke my_norm.py:MyNorm": Run(0, "ready: bnconf run my_norm.py:MyNorm"),
    "bnconf run examples/my_batch_norm.py:MyBatchNorm": Run(1, "E[x^2] - E[x]^2"),
    "bnconf init my_batch_norm.py": Run(0, "wrote my_batch_norm.py", without="my_batch_norm.py"),
    "bnconf smoke my_batch_norm.py:MyBatchNorm": Run(0, "ready: bnconf run"),
    "bnconf run my_batch_norm.py:MyBatchNorm -r numerics.variance": Run(1, "1 MUST"),
    "bnconf run my_batch_norm.py:MyBatchNorm -r 'shape.*' -r 'forward.*'": Run(0, "everything holds"),
    "bnconf list": Run(0, "reference"),
    "bnconf list --factors": Run(0, "memory of dy"),
    "bnconf init my_framework.py": Run(0, "wrote my_framework.py", without="my_framework.py"),
    "bnconf requirements": Run(0, "shape.gamma"),
    "bnconf baseline out/report.json > known.toml": Run(0),
    "bnconf diff old/report.json out/report.json": Run(0, "nothing changed"),
    "bnconf report out/report.json -o again": Run(0, "again"),
    "echo 'setuptools<81' > old.txt": Run(0),
}

#: Run by these tests, on smaller samples, where a whole run takes longer than ten seconds; and why those will do.
TESTED = {
    "bnconf run my_norm.py:MyNorm": "test_init.py::test_the_fresh_file_passes_strictly",
    # The same adapter as in examples/, whose whole run is above.
    "bnconf run my_batch_norm.py:MyBatchNorm": "test_documented_commands.py::test_runs_as_shown",
    "pytest --bnconf my_batch_norm.py:MyBatchNorm": (
        "test_pytest_plugin.py::test_is_a_test_for_each_requirement_beside_those_of_the_project"
    ),
    "pytest --bnconf my_adapter.py:MyBatchNorm": (
        "test_pytest_plugin.py::test_is_a_test_for_each_requirement_beside_those_of_the_project"
    ),
    "pytest --bnconf my_adapter.py:MyBatchNorm my_adapter.py::MyBatchNorm": (
        "test_pytest_plugin.py::test_takes_node_ids"
    ),
    "bnconf run -o out": "test_extending.py::test_a_form_of_the_report_is_one_file",
    "bnconf run kernel.py:normalise": "test_adapting.py::test_what_the_documentation_shows_works_as_it_stands",
    # Other paths of files that are read above.
    "bnconf baseline bnconf-report/report.json": "test_baseline.py::test_a_baseline_can_be_started_from_a_report",
    "bnconf diff old.json new.json": "test_reports.py::test_command_exits_with_1_on_worse_alone",
    # Frameworks: whatever is asked of one is the same code as for any layer.
    "bnconf run torch keras-tensorflow -o out": "test_frameworks.py::test_an_adapter_does_what_it_declares",
    "bnconf run torch keras-jax --dtype float32": "test_frameworks.py::test_an_adapter_does_what_it_declares",
    "bnconf run torch -r 'running.*' -r shape.gamma": (
        "test_frameworks.py::test_an_adapter_does_what_it_declares"
    ),
    "bnconf run torch --strict -o out": "test_init.py::test_the_fresh_file_passes_strictly",
    "bnconf run torch --baseline known.toml": "test_baseline.py::test_a_baseline_can_be_started_from_a_report",
    "bnconf run torch --baseline known.toml -o out": (
        "test_baseline.py::test_known_failures_are_not_held_against_an_implementation"
    ),
    "bnconf run --baseline known.toml": "test_baseline.py::test_a_baseline_can_be_started_from_a_report",
    "bnconf run my_adapter.py:MyBatchNorm --baseline known-failures.toml -o bnconf-report": (
        "test_baseline.py::test_known_failures_are_not_held_against_an_implementation"
    ),
    "bnconf run torch --python torch=../old/.venv": "test_elsewhere.py::test_numpy_and_msgspec_are_enough_there",
    "bnconf run torch --python torch=../torch-2.3/.venv": (
        "test_elsewhere.py::test_numpy_and_msgspec_are_enough_there"
    ),
    "bnconf run paddle mxnet --python paddle=paddle --python mxnet=mxnet": (
        "test_elsewhere.py::test_numpy_and_msgspec_are_enough_there"
    ),
    "bnconf run torch torch-functional --device cuda": (
        "test_elsewhere.py::test_asked_for_by_name_it_could_not_be_started"
    ),
    "bnconf replay out/cases/torch/numerics.half.json": "test_replay.py::test_a_failure_replays_from_its_file",
    **dict.fromkeys(
        (
            f"bnconf replay {folder}/cases/keras-torch/numerics.variance.json{other}"
            for folder in ("bnconf-report", "out")
            for other in ("", " torch", " keras-jax")
            if (folder, other) not in (("bnconf-report", " keras-jax"), ("out", " torch"))
        ),
        "test_replay.py::test_a_failure_replays_from_its_file",
    ),
    "python bnconf-report/cases/keras-torch/numerics.variance.py": (
        "test_standalone.py::test_scripts_show_the_failure_without_the_suite"
    ),
    "bnconf replay bnconf-report/cases/keras-torch/numerics.variance.json reference": (
        "test_replay.py::test_a_failure_replays_from_its_file"
    ),
    "bnconf run keras-torch -r numerics.variance --max-examples 200 -o out": (
        "test_frameworks.py::test_an_adapter_does_what_it_declares"
    ),
    "python -m pytest tests/test_the_question.py": "test_the_question.py::test_n_vectors_recover_the_identity",
    "bnconf compare torch keras-tensorflow": (
        "test_compare.py::test_recipes_are_verified_and_say_what_no_recipe_can_do"
    ),
    "bnconf compare torch keras-tensorflow -o out": "test_compare.py::test_differences_alone_are_told",
    "bnconf compare torch my_adapter.py:MyBatchNorm": (
        "test_compare.py::test_one_that_is_wrong_is_shown_where_it_differs_most"
    ),
    # Programs, which need a compiler or Node.js.
    "bnconf init --cpp batch_norm.cpp": "test_init.py::test_a_program_is_written_in_another_language",
    "c++ -O2 -std=c++17 batch_norm.cpp -o batch_norm": "test_other_languages.py::test_speaks_the_protocol",
    "bnconf protocol-check 'exec:./batch_norm'": "test_other_languages.py::test_speaks_the_protocol",
    "bnconf run 'exec:./batch_norm'": "test_other_languages.py::test_everything_holds",
    "npm ci": "test_other_languages.py::test_what_its_readme_says_is_what_is_found",
    "bnconf run 'exec:node adapter.js'": (
        "test_other_languages.py::test_what_its_readme_says_is_what_is_found"
    ),
    "bnconf protocol-check 'exec:./my-program'": (
        "test_protocol_check.py::test_program_that_speaks_it_passes"
    ),
    "bnconf run 'exec:./my-program --some-flag'": "test_other_languages.py::test_everything_holds",
    "bnconf self-check": "test_galleries.py::test_every_impostor_is_rejected",
    "bnconf self-check -o docs/self-check-results.md": (
        "test_galleries.py::test_document_says_what_came_of_each"
    ),
    "bnconf self-check --sound-only --experiments 10000000": (
        "test_galleries.py::test_no_sound_variant_is_accused"
    ),
}

#: Run by no test.
CANNOT = {
    "python -m pip install tox && python -m tox": "is what runs the tests",
    "python -m pip install tox": "is what started the tests",
    "python -m tox": "is what runs the tests",
    "python -m tox -e tests": "is what runs the tests",
    "python -m tox -e lint": "runs beside the tests",
    "python -m tox -e docs": "runs beside the tests",
    "python -m tox -e tests -- tests/project": "is what runs the tests, of which this is one",
    "python -m tox -e tests-light": "runs these tests once more, in an environment of its own",
    "python -m tox -e thorough": "runs these tests once more, with what takes long",
    "python -m venv .venv": "makes the environment that this one is",
    ". .venv/bin/activate": "needs that environment",
    "python -m pip install -c constraints.txt -e '.[torch,tensorflow,lint,test]'": "downloads the frameworks",
    "python -m pip install tox && python -m tox -e report": "downloads the frameworks; six minutes on two cores",
    "python -m tox -e report": "downloads the frameworks; six minutes on two cores",
    "python -m tox -e third-party": "downloads the packages; minutes on two cores",
    "python -m tox -e publish": "downloads more frameworks; half an hour on two cores",
    "python -m pip install 'batchnorm-conformance[torch]'": "works after the first release, as the page says",
    "python -m pip install git+https://github.com/OWNER/batchnorm-conformance torch": (
        "needs GitHub, and the owner of a repository there"
    ),
    "python -m pip install numpy msgspec torch": "downloads PyTorch",
    "python -m venv paddle && paddle/bin/python -m pip install paddlepaddle numpy msgspec ml_dtypes": (
        "downloads PaddlePaddle"
    ),
    "python -m venv mxnet && mxnet/bin/python -m pip install mxnet 'numpy<1.24' msgspec ml_dtypes": (
        "downloads MXNet"
    ),
    "python -m venv mindspore && mindspore/bin/python -m pip install mindspore 'numpy<2' msgspec ml_dtypes": (
        "downloads MindSpore"
    ),
    "python -m venv chainer && PIP_CONSTRAINT=old.txt PIP_BUILD_CONSTRAINT=old.txt chainer/bin/python -m pip "
    "install chainer 'numpy<1.24' setuptools msgspec ml_dtypes": "downloads Chainer",
    "bnconf run torch --max-examples 1000 --seed 7": "takes minutes",
    "python -m pytest --thorough -s tests/running/test_torture.py": "takes ten minutes; its short form is a test",
    "SOAK=900 python -m pytest --thorough -s tests/running/test_soak.py": "takes fifteen minutes",
    # These have a placeholder, and are shown elsewhere with something in its place.
    "python -m pip install -e .": "would put this checkout into the environment of whoever runs the tests",
    "bnconf baseline REPORT.json": "REPORT.json is a placeholder",
    "bnconf run NAME -o DIR": "NAME and DIR are placeholders",
    "bnconf run path/to/file.py:Class": "the path is a placeholder",
    "bnconf run 'exec:COMMAND'": "COMMAND is a placeholder",
    "bnconf protocol-check 'exec:COMMAND'": "COMMAND is a placeholder",
}

_PIP = "python -m pip install "


def installs(command: str) -> bool:
    """Whether it installs this checkout, with or without extras."""
    return re.fullmatch(re.escape(_PIP) + r"(\.|'\.\[[a-z,-]+\]')", command) is not None


def unaccounted(every: Iterable[str]) -> list[str]:
    return [each for each in every if not (each in RUN or each in TESTED or each in CANNOT or installs(each))]


# -- no command is left out


def test_every_command_is_run_or_accounted_for() -> None:
    assert unaccounted(shown()) == []


def test_nothing_is_accounted_for_that_is_shown_no_more() -> None:
    assert sorted({*RUN, *TESTED, *CANNOT} - set(shown())) == []


def test_no_command_is_accounted_for_twice() -> None:
    assert len({*RUN, *TESTED, *CANNOT}) == len(RUN) + len(TESTED) + len(CANNOT)


def test_a_new_command_would_be_noticed() -> None:
    text = """
1. A step:

    ```sh
    bnconf fly --high \\
        far  # away
    ```

```yaml
script:
  - pip install something
  - uses: nothing
```

Type `bnconf run moon.py:Moon`, not `bnconf run` with `--dtype` or `bnconf run --baseline`.
"""
    assert list(commands(text)) == [
        "bnconf fly --high far",
        "pip install something",
        "bnconf run moon.py:Moon",
    ]
    assert unaccounted(commands(text)) == list(commands(text))


@pytest.mark.parametrize("test", sorted(set(TESTED.values())))
def test_the_test_that_runs_a_command_is_there(test: str) -> None:
    file, _, function = test.partition("::")
    (path,) = (ROOT / "tests").rglob(file)
    assert re.search(rf"^\s*def {function}\(", path.read_text(encoding="utf-8"), re.MULTILINE)


# -- those that are run

needs_bash = pytest.mark.skipif(BASH is None, reason="needs bash, for which the documented lines are written")


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line as a user types it, where ``bnconf`` and ``python`` are those of this environment."""
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    for name, module in (("python", ""), ("bnconf", " -m conformance")):
        (tools / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{module} "$@"\n')
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "110"}
    environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(os.pathsep)
    assert BASH is not None
    command = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", line]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands expect to find: the adapters of the tutorials, and a report with its copies."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "examples").mkdir()
    for place in ("examples/my_batch_norm.py", "my_batch_norm.py"):
        shutil.copy(ROOT / "examples" / "my_batch_norm.py", folder / place)
    for line, status in (
        ("bnconf init my_norm.py", 0),
        ("bnconf run my_batch_norm.py:MyBatchNorm -r numerics.variance --max-examples 8 -o out", 1),
    ):
        done = shell(line, folder)
        assert done.returncode == status, done.stdout + done.stderr
    shutil.copytree(folder / "out", folder / "old")
    return folder


@pytest.fixture
def place(workplace: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(workplace, tmp_path / "place"))


@needs_bash
class TestRun:
    @pytest.mark.parametrize("line", [each for each in RUN if "examples/" not in each])
    def test_does_what_it_should(self, line: str, place: Path) -> None:
        expected = RUN[line]
        if expected.without:
            (place / expected.without).unlink(missing_ok=True)
        done = shell(line, place)
        assert done.returncode == expected.status, done.stdout + done.stderr
        assert expected.says in " ".join(done.stdout.split())
        if expected.without:
            assert (place / expected.without).is_file()
        if " > " in line:
            assert (place / line.partition(" > ")[2]).read_text()

    def test_runs_as_shown(self, place: Path) -> None:
        """The layer with a common defect: the README and the tutorial show what is printed."""
        line = "bnconf run examples/my_batch_norm.py:MyBatchNorm"
        done = shell(line, place)
        assert done.returncode == RUN[line].status, done.stdout + done.stderr
        printed = " ".join(done.stdout.split())
        for document in ("README.md", "docs/tutorials/numpy.md"):
            text = (ROOT / document).read_text(encoding="utf-8")
            (block,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
            assert " ".join(block.split()) in printed, document

    @pytest.mark.parametrize("line", [each for each in shown() if installs(each)])
    def test_installs_this_checkout_with_extras_that_exist(self, line: str, tmp_path: Path) -> None:
        """The line, with four changes: pip installs nothing (--dry-run), leaves the dependencies out (--no-deps),
        builds with the hatchling that is here, and takes the path of the checkout for the dot. --report names the
        extras, since pip only warns of one that does not exist.
        """
        extras = line.removeprefix(_PIP).strip("'").removeprefix(".")
        dry = "--dry-run --no-deps --ignore-installed -q --report report.json"
        here = "--no-build-isolation --no-index" if importlib.util.find_spec("hatchling") else ""
        done = shell(f"{_PIP}{dry} {here} {shlex.quote(f'{ROOT}{extras}')}", tmp_path)
        assert done.returncode == 0, done.stderr
        (found,) = json.loads((tmp_path / "report.json").read_text())["install"]
        assert found["metadata"]["name"] == "batchnorm-conformance"
        named = set(re.findall(r"[a-z-]+", extras))
        assert set(found.get("requested_extras", ())) == named
        assert named <= set(found["metadata"]["provides_extra"])


def test_the_index_is_named_on_one_page_alone() -> None:
    """Nothing is on the Python Package Index yet: only docs/install.md says what will hold after a release."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        name = tomllib.load(file)["project"]["name"]
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in documents()
        if re.search(rf"pip install[^`\n]*(?<!/){name}", path.read_text(encoding="utf-8"))
    ]
    assert naming == ["docs/install.md"]
