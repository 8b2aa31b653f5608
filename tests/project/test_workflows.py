"""The workflows of .github/workflows. They run on GitHub alone, so this is what can be said of them elsewhere: they
keep to the schema, what they name exists, they may do no more than they need, and their scripts do what they say.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from conformance.cli import main
from tests.project.files import PROJECT, ROOT, environments, keeps_to, needs_schemas, program, read

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
BASH = shutil.which("bash")
GIT = shutil.which("git")
#: Whatever a job may do beyond reading the repository.
WRITES = {
    ("documentation", "deploy"): {"pages": "write", "id-token": "write"},
    ("release", "publish"): {"id-token": "write"},
    ("weekly", "propose"): {"contents": "write", "pull-requests": "write"},
}
#: The programs that every runner has, for what is neither tox nor the suite.
PLAIN = ("echo", "git", "gh", "grep", "head", "mkdir", "test")
OPERATORS = (";", "|", "||", "&&")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
needs_bash = pytest.mark.skipif(BASH is None, reason="needs bash, for which the workflows are written")
needs_git = pytest.mark.skipif(GIT is None, reason="needs git on the path")


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = read(path)["jobs"]
    return found


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job.get("steps", [])
    return found


def step(file: str, job: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in steps(jobs(FOLDER / f"{file}.yml")[job]) if each.get("name") == name]
    return found


def strings(value: Any) -> Iterator[str]:
    """Every string in what was read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def commands(script: str) -> Iterator[list[str]]:
    """The simple commands of a script, without their redirections."""
    for line in script.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        while words:
            end = next((k for k, word in enumerate(words) if word in OPERATORS), len(words))
            command, words = words[:end], words[end + 1 :]
            redirection = next((k for k, word in enumerate(command) if word in (">", ">>")), len(command))
            yield command[:redirection]


def exists(command: list[str]) -> bool:
    """Whether a command is one that tox or the tests run as well, or a plain program of a runner."""
    match command:
        case ["python", "-m", "pip", "install", "tox" | "."]:
            return True
        case ["python", "-m", "tox", "-e", names]:
            return set(names.split(",")) <= environments().keys()
        case ["bnconf", name, *words]:
            found = main.get_command(click.Context(main), name)
            if found is None:
                return False
            try:
                found.make_parser(click.Context(found)).parse_args(words)
            except click.UsageError:
                return False
            return True
        case [name, *_]:
            return name in PLAIN
    return False


def test_there_are_the_four() -> None:
    assert [path.stem for path in FILES] == ["documentation", "release", "tests", "weekly"]


@needs_schemas
class TestSchema:
    def test_is_kept(self) -> None:
        done = keeps_to("github-workflows", *FILES)
        assert done.returncode == 0, done.stdout

    def test_would_not_be_with_a_mistake(self, tmp_path: Path) -> None:
        wrong = tmp_path / "tests.yml"
        wrong.write_text((FOLDER / "tests.yml").read_text().replace("timeout-minutes", "timeout-minute"))
        assert keeps_to("github-workflows", wrong).returncode != 0


class TestCommands:
    @each_file
    def test_are_those_that_tox_and_the_suite_have(self, path: Path) -> None:
        run = [each["run"] for job in jobs(path).values() for each in steps(job) if "run" in each]
        unknown = [command for script in run for command in commands(script) if not exists(command)]
        assert unknown == []

    @pytest.mark.parametrize(
        "line",
        [
            "python -m tox -e tests,nonesuch",
            "python -m pip install something",
            "bnconf differ old new",
            "bnconf diff --nonesuch old new",
            "echo fine && curl example.org",
            "echo fine | sh",
        ],
    )
    def test_others_would_be_found(self, line: str) -> None:
        assert not all(exists(command) for command in commands(line))

    @each_file
    def test_hold_no_expression(self, path: Path) -> None:
        """Whatever comes from an event reaches a script by the environment alone."""
        for job in jobs(path).values():
            for each in steps(job):
                assert "${{" not in each.get("run", "")


class TestNames:
    @each_file
    def test_of_jobs_steps_and_matrices_lead_somewhere(self, path: Path) -> None:
        """What actionlint would say of ``needs`` and of expressions."""
        every = jobs(path)
        for job in every.values():
            needed = job.get("needs", [])
            needed = [needed] if isinstance(needed, str) else needed
            assert set(needed) <= every.keys()
            matrix = job.get("strategy", {}).get("matrix", {})
            known = {each["id"] for each in steps(job) if "id" in each}
            for text in strings(job):
                assert set(re.findall(r"\bmatrix\.([\w-]+)", text)) <= set(matrix)
                assert set(re.findall(r"\bsteps\.([\w-]+)\.outputs", text)) <= known
                for name, output in re.findall(r"\bneeds\.([\w-]+)\.outputs\.([\w-]+)", text):
                    assert name in needed
                    assert output in every[name].get("outputs", {})

    @each_file
    def test_of_workflows_that_are_called_exist(self, path: Path) -> None:
        for job in jobs(path).values():
            if "uses" in job:
                called = ROOT / job["uses"]
                # YAML 1.2, which both GitHub and this reader keep to, leaves "on" a string.
                assert "workflow_call" in read(called)["on"]

    @each_file
    def test_of_what_an_earlier_job_left_are_those_it_gave(self, path: Path) -> None:
        """An artifact is downloaded only by a job that needs one which uploads it."""
        every = jobs(path)
        left = {
            name: {e["with"]["name"] for e in steps(job) if "/upload-artifact@" in e.get("uses", "")}
            for name, job in every.items()
        }
        for job in every.values():
            needed = job.get("needs", [])
            at_hand = set().union(*(left[name] for name in ([needed] if isinstance(needed, str) else needed)))
            for each in steps(job):
                if "/download-artifact@" in each.get("uses", ""):
                    assert each["with"]["name"] in at_hand


class TestCaution:
    @each_file
    def test_permissions_are_the_least(self, path: Path) -> None:
        assert read(path)["permissions"] == {}
        for name, job in jobs(path).items():
            assert job["permissions"] == WRITES.get((path.stem, name), {"contents": "read"})

    @each_file
    def test_nothing_runs_for_ever_or_twice_at_a_time(self, path: Path) -> None:
        assert read(path)["concurrency"]["group"].startswith(f"{path.stem}")
        for job in jobs(path).values():
            assert "uses" in job or 0 < job["timeout-minutes"] <= 360

    @each_file
    def test_a_checkout_leaves_no_password_behind(self, path: Path) -> None:
        for job in jobs(path).values():
            for each in steps(job):
                if "/checkout@" in each.get("uses", ""):
                    assert each["with"]["persist-credentials"] is False

    def test_actions_are_official_and_of_one_version(self) -> None:
        """Those of GitHub, and PyPA's for publishing; the same everywhere, action.yml included."""
        used = {
            text
            for path in (*FILES, ROOT / "action.yml")
            for text in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
            if not text.startswith("./")
        }
        official = re.compile(r"actions/[a-z-]+@v\d+|pypa/gh-action-pypi-publish@release/v1")
        assert [each for each in used if not official.fullmatch(each)] == []
        names = [each.partition("@")[0] for each in used]
        assert len(names) == len(set(names)), sorted(used)

    @pytest.mark.skipif(program("zizmor") is None, reason="needs zizmor: pip install '.[test]'")
    def test_zizmor_finds_nothing_unsafe(self, tmp_path: Path) -> None:
        """It looks for injected commands, permissions that are too wide, and the like; and it would find them."""
        command = [program("zizmor") or "", "--offline", "--no-progress", "--min-severity", "medium"]
        command += ["--config", str(ROOT / ".github" / "zizmor.yml")]
        every = [str(FOLDER), str(ROOT / "action.yml")]
        done = subprocess.run([*command, *every], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        wrong = tmp_path / "weekly.yml"
        wrong.write_text(
            (FOLDER / "weekly.yml").read_text().replace("mkdir renewed", "mkdir ${{ github.ref_name }}")
        )
        done = subprocess.run([*command, str(wrong)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0 and "template-injection" in done.stdout

    @pytest.mark.skipif(
        program("actionlint") is None,
        reason="needs actionlint on the path: go install github.com/rhysd/actionlint/cmd/actionlint@latest",
    )
    def test_actionlint_finds_nothing(self) -> None:
        command = [program("actionlint") or "", *map(str, FILES)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def test_the_oldest_python_is_among_those_that_are_tried() -> None:
    tried = jobs(FOLDER / "tests.yml")["tests"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={tried[0]}"
    assert tried == ["3.11", "3.12", "3.13"]


class TestRelease:
    def test_needs_the_tests_and_the_slow_proofs(self) -> None:
        every = jobs(FOLDER / "release.yml")
        assert set(every["publish"]["needs"]) == every.keys() - {"publish"}
        assert every["tests"]["uses"] == "./.github/workflows/tests.yml"
        assert "python -m tox -e thorough" in [each.get("run") for each in steps(every["thorough"])]
        assert every["publish"]["environment"] == "pypi"
        assert read(FOLDER / "release.yml")["on"] == {"push": {"tags": ["v*"]}}

    @needs_bash
    @pytest.mark.parametrize(("tag", "matches"), [("", True), (".1", False), ("; touch pwned", False)])
    def test_wants_the_tag_to_be_the_version(self, tmp_path: Path, tag: str, matches: bool) -> None:
        version = PROJECT["version"]
        (tmp_path / "dist").mkdir()
        for end in (".tar.gz", "-py3-none-any.whl"):
            (tmp_path / "dist" / f"batchnorm_conformance-{version}{end}").touch()
        script = step("release", "build", "The tag is the version")["run"]
        done = run(script, tmp_path, GITHUB_REF_NAME=f"v{version}{tag}")
        assert (done.returncode == 0) is matches
        assert not list(tmp_path.rglob("pwned"))

    @needs_bash
    @pytest.mark.parametrize(("account", "matches"), [("", True), ("another", False)])
    def test_wants_the_project_to_name_the_repository(self, account: str, matches: bool) -> None:
        """A fork, or a checkout whose OWNER nobody filled in, releases nothing."""
        repository = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
        script = step("release", "build", "The project names this repository")["run"]
        assert (run(script, ROOT, GITHUB_REPOSITORY=account + repository).returncode == 0) is matches


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as a runner does, with the commands of this Python's environment."""
    assert BASH is not None
    path = os.pathsep.join([environment.pop("BIN", ""), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def git(folder: Path, *words: str) -> str:
    assert GIT is not None
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        [GIT, *identity, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_bash
@needs_git
class TestWeekly:
    """The two scripts, in a repository of their own, with a command ``gh`` that writes down what it is given."""

    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        """A clone whose origin is a folder, with a published comparison in it."""
        origin, checkout = tmp_path / "origin.git", tmp_path / "checkout"
        git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(origin))
        git(tmp_path, "clone", "--quiet", str(origin), str(checkout))
        git(checkout, "switch", "--quiet", "--create", "main")
        published = checkout / "reports" / "published"
        (published / "cases").mkdir(parents=True)
        shutil.copy(ROOT / "reports" / "published" / "report.json", published)
        (published / "cases" / "gone.json").write_text("{}\n")
        git(checkout, "add", "--all")
        git(checkout, "commit", "--quiet", "--message", "Begin")
        git(checkout, "push", "--quiet", "origin", "main")
        return checkout

    def changed(self, checkout: Path) -> subprocess.CompletedProcess[str]:
        output = checkout.parent / "output"
        output.touch()
        script = step("weekly", "compare", "What changed")["run"]
        return run(script, checkout, GITHUB_OUTPUT=str(output), COLUMNS="100")

    def renew(self, checkout: Path) -> None:
        """A framework gets worse, a case goes, and another file comes; outside the comparison, one changes too."""
        report = checkout / "reports" / "published" / "report.json"
        content = json.loads(report.read_text(encoding="utf-8"))
        result = next(each for each in content["results"] if each["outcome"] == "pass")
        for each in (result, *result["by_dtype"].values()):
            each["outcome"] = "fail"
        report.write_text(json.dumps(content), encoding="utf-8")
        (checkout / "reports" / "published" / "cases" / "gone.json").unlink()
        (checkout / "reports" / "published" / "new.svg").write_text("<svg/>\n")

    def test_says_nothing_where_nothing_changed(self, checkout: Path) -> None:
        done = self.changed(checkout)
        assert done.returncode == 0, done.stderr
        assert (checkout.parent / "output").read_text() == ""

    def test_proposes_what_changed(self, checkout: Path, tmp_path: Path) -> None:
        self.renew(checkout)
        done = self.changed(checkout)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "output").read_text() == "changed=true\n"
        body = (checkout / "renewed" / "body.md").read_text(encoding="utf-8")
        assert "worse" in body and body.endswith("```\n")

        proposed = self.propose(checkout, tmp_path)
        assert proposed.returncode == 0, proposed.stderr
        files = git(tmp_path / "origin.git", "diff", "--name-only", "main", "published-7").split()
        assert files == [
            f"reports/published/{name}" for name in ("cases/gone.json", "new.svg", "report.json")
        ]
        given = (tmp_path / "gh").read_text()
        assert "auth setup-git" in given
        assert "pr create --head published-7 --base main" in given and "--body-file renewed/body.md" in given

    def test_a_report_that_does_not_read_stops_it(self, checkout: Path) -> None:
        (checkout / "reports" / "published" / "report.json").write_text("{")
        assert self.changed(checkout).returncode != 0

    def test_proposes_nothing_outside_the_comparison(self, checkout: Path, tmp_path: Path) -> None:
        """The job before ran the code of every framework, so its patch is not trusted."""
        self.renew(checkout)
        self.changed(checkout)
        patch = checkout / "renewed" / "published.patch"
        (checkout / "elsewhere.py").write_text("print()\n")
        git(checkout, "add", "elsewhere.py")
        patch.write_text(patch.read_text() + git(checkout, "diff", "--cached", "--binary", "elsewhere.py"))
        assert self.propose(checkout, tmp_path).returncode == 0
        assert "elsewhere" not in git(tmp_path / "origin.git", "diff", "--name-only", "main", "published-7")

    def propose(self, checkout: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
        """In a fresh clone, as the job has."""
        fresh, bin_ = tmp_path / "fresh", tmp_path / "bin"
        git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), str(fresh))
        shutil.copytree(checkout / "renewed", fresh / "renewed")
        bin_.mkdir()
        (bin_ / "gh").write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(tmp_path / "gh"))}\n')
        (bin_ / "gh").chmod(0o755)
        script = step("weekly", "propose", "Push a branch and open a pull request")["run"]
        given = {"GITHUB_RUN_ID": "7", "GITHUB_REF_NAME": "main", "GH_TOKEN": "none", "BIN": str(bin_)}
        return run(script, fresh, **given)
