"""action.yml and the examples of docs/ci.md: they keep to the schemas of those who read them, and the action's script
does what it says.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import HANGS

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
EXAMPLE = ROOT / "examples" / "my_batch_norm.py"
GUIDE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BASH = shutil.which("bash")

needs_schemas = pytest.mark.skipif(
    importlib.util.find_spec("check_jsonschema") is None,
    reason="needs the schemas of GitHub and GitLab: pip install check-jsonschema",
)
needs_bash = pytest.mark.skipif(BASH is None, reason="needs bash, for which the action is written")


def read(path: Path) -> Any:
    yaml = pytest.importorskip("ruamel.yaml", reason="needs a reader of YAML: pip install check-jsonschema")
    return yaml.YAML(typ="safe").load(path)


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)


def keeps_to(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{schema}",
        path,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS, check=False)


@needs_schemas
class TestSchemas:
    def test_the_action_is_one(self) -> None:
        done = keeps_to("github-actions", ACTION)
        assert done.returncode == 0, done.stdout

    def test_and_would_not_be_with_a_mistake_in_it(self, tmp_path: Path) -> None:
        wrong = tmp_path / "action.yml"
        wrong.write_text(ACTION.read_text(encoding="utf-8").replace("shell: bash", "shel: bash"))
        assert keeps_to("github-actions", wrong).returncode != 0

    @pytest.mark.parametrize(("number", "schema"), [(0, "github-workflows"), (1, "gitlab-ci")])
    def test_the_examples_are_what_they_say(self, tmp_path: Path, number: int, schema: str) -> None:
        assert len(blocks("yaml")) == 2
        example = tmp_path / "example.yml"
        example.write_text(blocks("yaml")[number])
        done = keeps_to(schema, example)
        assert done.returncode == 0, done.stdout


class TestInputs:
    def test_never_reach_the_shell_but_by_the_environment(self) -> None:
        for step in read(ACTION)["runs"]["steps"]:
            assert "${{" not in step.get("run", "")

    def test_are_told_in_the_guide_and_given_in_its_example(self, tmp_path: Path) -> None:
        inputs = set(read(ACTION)["inputs"])
        assert set(re.findall(r"^\| `([a-z][\w-]*)` \|", GUIDE, re.MULTILINE)) == inputs
        (tmp_path / "example.yml").write_text(blocks("yaml")[0])
        (use,) = [s for s in read(tmp_path / "example.yml")["jobs"]["conformance"]["steps"] if "with" in s]
        assert set(use["with"]) <= inputs

    def test_are_all_used(self) -> None:
        text = ACTION.read_text(encoding="utf-8")
        assert set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", text)) == set(read(ACTION)["inputs"])


def test_the_options_of_pytest_are_those_of_the_plugin() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, timeout=HANGS, check=True
    ).stdout
    assert set(re.findall(r"--bnconf[\w-]*", GUIDE)) == set(re.findall(r"--bnconf[\w-]*", said))


@needs_bash
class TestScript:
    """The action's own steps, run as the runner runs them."""

    def step(self, name: str, tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
        (found,) = [s for s in read(ACTION)["runs"]["steps"] if s.get("name") == name]
        defaults = {key: each.get("default", "") for key, each in read(ACTION)["inputs"].items()}
        given = {key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", r"\1", v) for key, v in found["env"].items()}
        environment = {key: (defaults | inputs)[which] for key, which in given.items()}
        script = tmp_path / "script.sh"
        script.write_text(found["run"])
        path = f"{tmp_path / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        more = {
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_ACTION_PATH": str(ROOT),
            "PATH": path,
        }
        assert BASH is not None
        return subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=tmp_path,
            env={**os.environ, **environment, **more},
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=False,
        )

    def judge(self, tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
        return self.step("Judge", tmp_path, **{"examples": "1", **inputs})

    def test_keeps_the_exit_status_and_shows_the_summary(self, tmp_path: Path) -> None:
        done = self.judge(tmp_path, implementations=f"{EXAMPLE}:MyBatchNorm\n", report="the report")
        assert done.returncode == 1, done.stderr
        assert (tmp_path / "the report" / "index.html").is_file()
        summary = (tmp_path / "summary").read_text()
        assert "numerics.variance" in summary and "![" not in summary

    def test_passes_where_all_holds(self, tmp_path: Path) -> None:
        done = self.judge(tmp_path, implementations="\n   reference   \n\n")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "MyBatchNorm" not in (tmp_path / "summary").read_text()

    @pytest.mark.parametrize(
        ("inputs", "said"),
        [
            ({"implementations": "$(touch pwned)`touch pwned`; touch pwned"}, "no implementation"),
            ({"implementations": "--help"}, "no implementation"),
            ({"implementations": " \n"}, "expected at least one"),
            ({"implementations": "reference", "examples": "1; touch pwned"}, "--max-examples"),
            ({"implementations": "reference", "strict": "yes"}, "expected true or false, not yes"),
        ],
        ids=["commands", "an option", "nothing", "no number", "no boolean"],
    )
    def test_takes_no_input_for_a_command(self, tmp_path: Path, inputs: dict[str, str], said: str) -> None:
        done = self.judge(tmp_path, **inputs)
        assert done.returncode == 2
        assert said in done.stderr
        assert not list(tmp_path.rglob("pwned"))

    def test_passes_on_the_baseline_and_strict(self, tmp_path: Path) -> None:
        """A command that tells what it is given, in place of bnconf, whose options are tested elsewhere."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "bnconf").write_text('#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done\n')
        (tmp_path / "bin" / "bnconf").chmod(0o755)
        done = self.judge(
            tmp_path, implementations="a\nexec:b --c\n", baseline="known ones.json", strict="true"
        )
        given = re.findall("<(.*)>", done.stdout)
        assert given == [
            "run", "--max-examples", "1", "-o", "bnconf-report", "--strict", "--baseline", "known ones.json",
            "--", "a", "exec:b --c",
        ]  # fmt: skip

    def test_installs_the_suite_and_what_is_asked_for(self, tmp_path: Path) -> None:
        """The same for pip."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python").write_text('#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done\n')
        (tmp_path / "bin" / "python").chmod(0o755)
        done = self.step("Install", tmp_path, install="torch>=2.3  jax\n.\n")
        assert re.findall("<(.*)>", done.stdout) == [
            "-m",
            "pip",
            "install",
            str(ROOT),
            "torch>=2.3",
            "jax",
            ".",
        ]
        assert done.returncode == 0
        assert self.step("Install", tmp_path).stdout.count("<") == 4
