"""What GitHub and contributors read: it keeps to the forms they know, and what it names exists."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from conformance.cli import main
from conformance.requirements import __path__ as requirements_path
from tests.project.files import CONSTRAINTS, PROJECT, ROOT, environments, keeps_to, links, needs_schemas, read

DOCUMENTS = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md")
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
REPOSITORY = PROJECT["urls"]["Repository"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


class TestDocuments:
    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_link_to_what_exists(self, name: str) -> None:
        """Relative links alone, but to other sites; those of this repository would repeat who hosts it."""
        for link in links(ROOT / name):
            if urlsplit(link).scheme:
                assert "batchnorm-conformance" not in link
            else:
                assert ((ROOT / name).parent / link.partition("#")[0]).exists(), link

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_name_environments_of_tox_that_exist(self, name: str) -> None:
        named = re.findall(r"python -m tox -e ([\w,-]+)", text(name))
        assert {each for names in named for each in names.split(",")} <= environments().keys()

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_name_commands_that_exist_with_their_options(self, name: str) -> None:
        for line in re.findall(r"^bnconf .*$|`bnconf [^`]+`", text(name), re.MULTILINE):
            command, *words = shlex.split(line.strip("`"))[1:]
            found = main.get_command(click.Context(main), command)
            if command.startswith("--"):
                assert command in ("--version", "--help"), line
                continue
            assert found is not None, line
            known = {option for each in found.params for option in each.opts}
            assert {word for word in words if word.startswith("-")} <= known, line

    def test_name_folders_that_exist(self) -> None:
        named = re.findall(r"`((?:conformance|tests|docs|reports)/[\w/.-]*)`", text("CONTRIBUTING.md"))
        assert named
        assert [each for each in named if not (ROOT / each).exists()] == []

    def test_say_what_lint_runs(self) -> None:
        (row,) = re.findall(r"^\| `python -m tox -e lint` \|(.*)\|$", text("CONTRIBUTING.md"), re.MULTILINE)
        assert re.findall("`([^`]+)`", row) == environments()["lint"]

    def test_say_what_the_short_run_leaves_out(self) -> None:
        assert "\n## What the short run leaves out\n" in text("CONTRIBUTING.md")


class TestChangelog:
    def test_begins_with_what_is_not_released(self) -> None:
        """Then every version, the newest first, down to the one of pyproject.toml if nothing is newer."""
        heads = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
        assert heads[0] == "Unreleased"
        versions = [
            re.match(r"(\d+)\.(\d+)\.(\d+)(, not released| - \d{4}-\d\d-\d\d)$", h) for h in heads[1:]
        ]
        assert all(versions), heads
        numbers = [tuple(map(int, v.groups()[:3])) for v in versions if v is not None]
        assert numbers == sorted(set(numbers), reverse=True)
        assert ".".join(map(str, numbers[0])) == PROJECT["version"]

    def test_has_the_kinds_of_keep_a_changelog(self) -> None:
        kinds = re.findall(r"^### (.*)$", text("CHANGELOG.md"), re.MULTILINE)
        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
        for part in re.split(r"^## ", text("CHANGELOG.md"), flags=re.MULTILINE)[1:]:
            named = re.findall(r"^### (.*)$", part, re.MULTILINE)
            assert named and len(named) == len(set(named))


@needs_schemas
class TestCitation:
    def test_keeps_to_the_schema(self) -> None:
        done = keeps_to("citation-file-format", ROOT / "CITATION.cff")
        assert done.returncode == 0, done.stdout

    def test_would_not_with_a_mistake(self, tmp_path: Path) -> None:
        wrong = tmp_path / "CITATION.cff"
        wrong.write_text(text("CITATION.cff").replace("authors:", "author:"))
        assert keeps_to("citation-file-format", wrong).returncode != 0

    def test_is_of_this_project(self) -> None:
        cited = read(ROOT / "CITATION.cff")
        assert (cited["title"], cited["version"], cited["license"]) == tuple(
            PROJECT[key] for key in ("name", "version", "license")
        )
        assert set(cited["keywords"]) <= set(PROJECT["keywords"])
        assert cited["repository-code"] == REPOSITORY


class TestIssueForms:
    @needs_schemas
    def test_keep_to_the_schema(self) -> None:
        done = keeps_to("github-issue-forms", *(path for path in FORMS if path.stem != "config"))
        assert done.returncode == 0, done.stdout

    @needs_schemas
    def test_so_does_their_configuration(self) -> None:
        done = keeps_to("github-issue-config", ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml")
        assert done.returncode == 0, done.stdout

    @needs_schemas
    def test_would_not_with_a_mistake(self, tmp_path: Path) -> None:
        wrong = tmp_path / "finding.yml"
        wrong.write_text(text(".github/ISSUE_TEMPLATE/finding.yml").replace("type: input", "type: inputs", 1))
        assert keeps_to("github-issue-forms", wrong).returncode != 0

    def test_are_the_three(self) -> None:
        assert [path.stem for path in FORMS] == ["config", "finding", "framework", "wrong-verdict"]

    @pytest.mark.parametrize(
        ("form", "needed"),
        [
            ("wrong-verdict", {"requirement", "implementation", "direction", "why", "case", "versions"}),
            ("framework", {"framework", "layer", "adapter", "install"}),
            ("finding", {"number", "news", "version"}),
        ],
    )
    def test_want_what_it_takes(self, form: str, needed: set[str]) -> None:
        body = read(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml")["body"]
        assert {each["id"] for each in body if each.get("validations", {}).get("required")} == needed

    def test_examples_are_of_things_that_exist(self) -> None:
        """The requirement, the implementation and the finding that the placeholders name."""
        forms = {path.stem: {e.get("id"): e for e in read(path).get("body", ())} for path in FORMS}
        wrong = forms["wrong-verdict"]
        group, _, _ = wrong["requirement"]["attributes"]["placeholder"].partition(".")
        assert any((Path(folder) / f"{group}.py").exists() for folder in requirements_path)
        registered = tomllib.loads(text("pyproject.toml"))["project"]["entry-points"]
        (implementations,) = [each for name, each in registered.items() if name.endswith("implementations")]
        assert wrong["implementation"]["attributes"]["placeholder"] in implementations
        number = forms["finding"]["number"]["attributes"]["placeholder"]
        assert f"\n| {number} |" in text("reports/published/findings/README.md")


class TestPreCommit:
    """The hooks run what the lint environment of tox runs, and in the same versions."""

    def hooks(self) -> list[dict[str, object]]:
        (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
        assert repository["repo"] == "local"
        found: list[dict[str, object]] = repository["hooks"]
        return found

    def test_runs_the_commands_of_lint(self) -> None:
        assert [hook["entry"] for hook in self.hooks()] == environments()["lint"]
        assert all(hook["pass_filenames"] is False and "args" not in hook for hook in self.hooks())

    def test_in_the_versions_of_the_constraints(self) -> None:
        for hook in self.hooks():
            if hook["language"] == "python":
                needed = hook["additional_dependencies"]
                assert isinstance(needed, list) and needed
                assert set(needed) <= set(CONSTRAINTS)
            else:
                assert hook["language"] == "system"


class TestOwner:
    """Who hosts the repository stands in pyproject.toml, and the site takes it from there."""

    def test_every_address_of_the_project_is_of_one_account(self) -> None:
        account, name = REPOSITORY.removeprefix("https://github.com/").split("/")
        assert name == PROJECT["name"]
        assert PROJECT["urls"] == {
            "Repository": REPOSITORY,
            "Documentation": f"https://{account}.github.io/{name}/",
            "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.md",
            "Issues": f"{REPOSITORY}/issues",
        }

    def test_no_other_file_repeats_it(self) -> None:
        """But for CITATION.cff, which is compared above; documents say OWNER, which the site replaces."""
        kinds = {".md", ".yml", ".yaml", ".py", ".toml", ".ini", ".cff"}
        skipped = {".git", ".tox", ".venv", "build", "dist", "site"}
        repeated = set()
        for top in (each for each in ROOT.iterdir() if each.name not in skipped):
            for path in (each for each in (top, *top.rglob("*")) if each.suffix in kinds and each.is_file()):
                said = path.read_text(encoding="utf-8")
                found = re.findall(r"(?:github\.com/|uses: )([\w.-]+)/batchnorm-conformance", said)
                repeated |= {f"{path.relative_to(ROOT).as_posix()}: {e}" for e in found if e != "OWNER"}
        account = REPOSITORY.split("/")[-2]
        allowed = {f"{name}: {account}" for name in ("pyproject.toml", "CITATION.cff")}
        assert repeated <= allowed

    def test_the_site_shows_it(self, tmp_path: Path) -> None:
        """What a page says OWNER/batchnorm-conformance for, with another account than the one that is set."""
        reason = "needs MkDocs: pip install '.[docs]'"
        mkdocs = pytest.importorskip("mkdocs.config", reason=reason)
        files = pytest.importorskip("mkdocs.structure.files", reason=reason)
        pages = pytest.importorskip("mkdocs.structure.pages", reason=reason)
        config = mkdocs.load_config(str(ROOT / "mkdocs.yml"))
        (hook,) = config.hooks.values()
        other = "acme/batchnorm-conformance"
        project = text("pyproject.toml").replace(REPOSITORY, f"https://github.com/{other}")
        (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
        config.docs_dir = str(tmp_path / "docs")
        file = files.File("ci.md", str(ROOT / "docs"), str(tmp_path), use_directory_urls=False)
        page = pages.Page("In CI", file, config)
        shown = hook.on_page_markdown(text("docs/ci.md"), page=page, config=config, files=files.Files([file]))
        assert f"uses: {other}@main" in shown
        assert "OWNER" not in shown
