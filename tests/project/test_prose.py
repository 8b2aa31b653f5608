"""The documents written by hand: short, in plain words, and with every term explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.report.marks import legend
from conformance.requirements.catalogue import catalogue

ROOT = next(each for each in Path(__file__).resolve().parents if (each / "pyproject.toml").is_file())
DOCUMENTS = sorted(
    path
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "reports/README.md")),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("README.md"),
    )
    if path.is_file() and "node_modules" not in path.parts
)

#: Words of a text that was translated, and what to write in their place.
BANNED = {
    "told": "says, shows, or names",
    "mended": "repaired, or fixed",
    "asks for": "requires, or needs",
    "in earnest": "really; or leave it out",
    "no matter": "whatever; or say what does not change",
}


def banned(text: str) -> list[str]:
    """Those in the prose of a document, even across the end of a line."""
    prose = " ".join(re.sub(r"^[ ]*```.*?^[ ]*```", "", text, flags=re.DOTALL | re.MULTILINE).split())
    return [words for words in BANNED if re.search(rf"\b{words}\b", prose, re.IGNORECASE)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_document_is_in_plain_words(path: Path) -> None:
    found = {words: BANNED[words] for words in banned(path.read_text(encoding="utf-8"))}
    assert found == {}


def test_a_banned_word_would_be_found() -> None:
    text = "It is Told\nin\nearnest.\n\n```text\nno matter\n```\n\nA retold tale.\n"
    assert banned(text) == ["told", "in earnest"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_to_a_file_of_the_repository_leads_there(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)\s#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) < 700


def test_the_readme_explains_what_it_measures() -> None:
    """kappa and N are for docs/first-report.md, which explains them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\bkappa\b|\bN\b", text) is None


def test_reading_a_report_explains_every_mark_and_group() -> None:
    text = (ROOT / "docs" / "first-report.md").read_text(encoding="utf-8")
    marks = legend(known=True)
    assert [mark.sign for mark in marks if f"\n| {mark.sign} |" not in text] == []
    groups = {each.group for each in catalogue()}
    assert [group for group in groups if f"\n| {group} |" not in text] == []
