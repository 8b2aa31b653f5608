"""The documentation: its site builds without a warning, its links lead somewhere, it loads nothing from elsewhere,
and what it says of the code is so.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from conformance.cli import main
from conformance.implementation import Capabilities, LayerConfig
from conformance.requirements.catalogue import catalogue
from conformance.results.model import schema
from conformance.worker.locate import registered
from tests.conftest import HANGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
needs_mkdocs = pytest.mark.skipif(
    importlib.util.find_spec("material") is None or importlib.util.find_spec("mkdocs") is None,
    reason="needs MkDocs: pip install '.[docs]'",
)


class Found(HTMLParser):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.places |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("link", "script", "img", "iframe"):
            self.loads += [given[key] for key in ("href", "src") if key in given]


def built(source: Path, folder: Path) -> Path:
    """The site of the checkout in ``source``."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "-f",
        source / "mkdocs.yml",
        "-d",
        folder,
    ]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=HANGS, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Found]:
    return {page: Found(page) for page in site.rglob("*.html") if page.name != "404.html"}


@needs_mkdocs
class TestSite:
    def test_every_link_leads_to_a_place_that_exists(self, pages: dict[Path, Found]) -> None:
        broken = []
        for page, found in pages.items():
            for link in found.links:
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
                target = target / "index.html" if target.is_dir() else target
                known = pages[target].places if target in pages else {""}
                if not target.is_file() or unquote(parts.fragment) not in known:
                    broken.append(f"{page.name}: {link}")
        assert not broken

    def test_nothing_is_loaded_from_elsewhere(self, site: Path, pages: dict[Path, Found]) -> None:
        for page, found in pages.items():
            outside = [each for each in found.loads if urlsplit(each).netloc]
            assert not outside, page
            missing = [each for each in found.loads if not (page.parent / urlsplit(each).path).exists()]
            assert not missing, page
        for sheet in site.rglob("*.css"):
            assert not re.findall(r"url\(\s*['\"]?https?:", sheet.read_text(encoding="utf-8")), sheet

    def test_has_every_document(self, site: Path) -> None:
        for document in DOCS.rglob("*.md"):
            assert (site / document.relative_to(DOCS)).with_suffix(".html").is_file()
        assert not list(site.rglob("*.py"))

    def test_takes_in_documents_that_come_later(self, tmp_path: Path) -> None:
        """Those it expects and others, though they link to files of the repository that are no pages."""
        shutil.copytree(DOCS, tmp_path / "docs")
        shutil.copy(ROOT / "mkdocs.yml", tmp_path)
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        for name in ("protocol.md", "news.md"):
            links = "[the code](../conformance/protocol/codec.py) and [the bounds](numerics.md#the-mean)"
            text = f"# Words\n\nSee {links}.\n"
            (tmp_path / "docs" / name).write_text(text)
        text = (built(tmp_path, tmp_path / "site") / "index.html").read_text(encoding="utf-8")
        assert 'href="protocol.html"' in text and 'href="news.html"' in text

    def test_the_requirements_are_all_there(self, pages: dict[Path, Found], site: Path) -> None:
        page = site / "reference" / "requirements.html"
        assert {each.id for each in catalogue()} <= pages[page].places
        text = page.read_text(encoding="utf-8")
        assert text.count('class="level should"') >= sum(r.level == "SHOULD" for r in catalogue())

    def test_links_to_what_has_a_page_lead_to_that_page(self, site: Path) -> None:
        """In the repository they lead to the code that the page is made of."""
        for page, name in (("index", "requirements"), ("tutorials/numpy", "contract"), ("uses", "report")):
            text = (site / f"{page}.html").read_text(encoding="utf-8")
            article = text[text.index("<article") : text.index("</article")]
            assert re.search(rf'href="(\.\./)?reference/{name}\.html"', article), page

    def test_so_are_the_commands_and_their_options(self, site: Path) -> None:
        text = (site / "reference" / "command.html").read_text(encoding="utf-8")
        for name, command in main.commands.items():
            assert f"bnconf {name}" in text
            for option in (o for p in command.params for o in p.opts if o.startswith("--")):
                assert option in text

    def test_so_are_the_fields_of_the_contract_and_of_the_report(self, site: Path) -> None:
        contract = (site / "reference" / "contract.html").read_text(encoding="utf-8")
        for kind in (LayerConfig, Capabilities):
            for name in kind.__dataclass_fields__:
                assert f"<code>{name}</code>" in contract
        report = (site / "reference" / "report.html").read_text(encoding="utf-8")
        for definition in schema()["$defs"].values():
            for name in definition.get("properties", ()):
                assert f"<code>{name}</code>" in report


def blocks(document: Path, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", ["index.md", "numerics.md"])
def test_demonstrations_print_what_they_say(name: str) -> None:
    (code,), (printed,) = blocks(DOCS / name, "python"), blocks(DOCS / name, "text")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(code, {})
    assert output.getvalue() == printed


def test_the_adapter_of_the_tutorial_is_the_example() -> None:
    (code,) = blocks(DOCS / "tutorials" / "numpy.md", "python")
    example = (ROOT / "examples" / "my_batch_norm.py").read_text(encoding="utf-8")
    assert example.endswith(code)


def test_every_source_of_a_requirement_is_defined() -> None:
    """In the list at the head of the page of requirements, ``_SOURCES`` of docs/generated.py."""
    text = (DOCS / "generated.py").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^_SOURCES = \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    defined = set(re.findall(r'^    "(\w+)": ', listed, re.MULTILINE))
    keys = [key for each in catalogue() for key in re.findall(r"\[([A-Z](?:, [A-Z])*)\]", each.source)]
    assert {key for several in keys for key in several.split(", ")} == defined


def test_the_requirements_that_documents_name_exist() -> None:
    """Something like `shape.gamma`, in the documents written by hand."""
    every = {each.id for each in catalogue()}
    groups = "|".join({each.group for each in catalogue()})
    for document in DOCS.rglob("*.md"):
        named = set(re.findall(rf"`((?:{groups})\.[a-z-]+)`", document.read_text(encoding="utf-8")))
        assert named <= every | {"forward.bounded"}, document  # the one that extending.md adds


def test_the_picture_is_what_its_script_draws() -> None:
    spec = importlib.util.spec_from_file_location("picture", DOCS / "picture.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.draw() == (DOCS / "batch.svg").read_text(encoding="utf-8")


def test_every_command_that_is_shown_exists_with_its_options() -> None:
    """In the README and the documents: the subcommand, and each of its long options."""
    shown = 0
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for line in re.findall(r"^(?:\$ )?bnconf .*$|`bnconf [^`]+`", path.read_text(), re.MULTILINE):
            words = shlex.split(line.strip("`$ ").partition("  #")[0])[1:]
            command = main.commands.get(words[0])
            assert command is not None or words[0].startswith("-"), f"{path.name}: {line}"
            known = {option for p in (command.params if command else ()) for option in p.opts} | {
                "--help",
                "--version",
            }
            for word in words[1:]:
                option = word.partition("=")[0]
                assert not option.startswith("--") or option in known, f"{path.name}: {line}"
            shown += 1
    assert shown > 30


def test_every_registered_implementation_is_in_the_list_of_frameworks() -> None:
    text = (ROOT / "docs" / "frameworks.md").read_text()
    named = [name.removesuffix("-jit") for name in registered()]
    assert [name for name in named if f"`{name}`" not in text] == []
