"""Text of a stranger, in every form in which a report is shown: it obeys nobody, hides nothing, and is no markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.report.renderers.markdown import cell, code
from conformance.results.baseline import BadBaseline, Known, read_baseline
from conformance.results.build import build
from conformance.results.known import with_baseline
from conformance.results.model import Report
from conformance.results.reading import read
from conformance.running.campaign import Settings, Task, run_task
from conformance.worker.locate import NotFound, resolve
from conformance.worker.shown import shortened, spelled
from tests.conftest import WRONG, Command
from tests.results.hostile_files import TRICKS

SOURCE = Path(__file__).parents[2] / "conformance"
#: Fields whose words are the suite's own: another is no report.
OWN = {"outcome", "level", "dtype", "dtypes", "against", "of", "memory", "values", "gamma", "beta", "affine"}
OWN |= {"axes", "gradients", "status"}


@pytest.fixture(scope="module")
def sound() -> Report:
    settings = Settings(("shape.gamma", "numerics.conditioning"), ("float32",), max_examples=4)
    tasks = [Task("reference", settings), Task(f"{WRONG}:Scalar", settings)]
    built = build([run_task(task) for task in tasks], settings, started=0.0, seconds=1.0)
    failing = next(each for each in built.results if each.counterexample)
    assert failing.counterexample is not None
    scripted = replace(failing, counterexample=replace(failing.counterexample, script="print('a script')\n"))
    results = tuple(scripted if each is failing else each for each in built.results)
    known = Known("shape.gamma", "one for the layer", link="https://example.org/1")
    return with_baseline(replace(built, results=results), (known,))


def tricked(value: Any, name: str = "") -> Any:
    """A report with tricks at the end of every text that may be anything; the same text stays the same."""
    if isinstance(value, str):
        return value if name in OWN else value + TRICKS
    if isinstance(value, list):
        return [tricked(each, name) for each in value]
    if isinstance(value, dict):
        more = TRICKS if name == "packages" else ""
        return {key + more: tricked(each, key) for key, each in value.items()}
    return value


@pytest.fixture(scope="module")
def strange(sound: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("strange") / "report.json"
    path.write_text(json.dumps(tricked(json.loads(sound.to_json()))), encoding="utf-8")
    assert TRICKS in json.loads(path.read_text())["results"][0]["requirement"]
    return path


def bnconf(*arguments: str | Path) -> str:
    """What a command says, on both of its outputs."""
    done = CliRunner(env={"COLUMNS": "5000"}).invoke(main, [str(each) for each in arguments])
    assert done.exit_code in (0, 1), done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def forms(strange: Path) -> dict[str, str]:
    """Every file of the report written again, by its name."""
    folder = strange.parent / "out"
    bnconf("report", strange, "-o", folder)
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def seen(text: str) -> bool:
    """Whether every character of a text can be seen."""
    return spelled(text) == text


class TestTheTerminal:
    def test_is_told_nothing_by_a_report(self, strange: Path, sound: Report, tmp_path: Path) -> None:
        other = tmp_path / "report.json"
        other.write_bytes(sound.to_json())
        for said in (
            bnconf("diff", strange, other),
            bnconf("diff", other, strange),
            bnconf("baseline", strange),
        ):
            assert seen(said)
            assert "\\x1b" in said and "\\u202e" in said

    def test_shows_names_as_they_are(self, strange: Path, sound: Report, tmp_path: Path) -> None:
        """No `:X:` is a picture, no `[red]` a style."""
        renamed = json.dumps(json.loads(sound.to_json())).replace("Scalar", "X: [red]:warning:")
        (tmp_path / "a.json").write_text(renamed)
        (tmp_path / "b.json").write_bytes(sound.to_json())
        said = "".join(bnconf("diff", tmp_path / "a.json", tmp_path / "b.json").split())
        assert "X:[red]:warning:" in said

    def test_nor_by_the_name_of_a_class(self, bnconf: Command, tmp_path: Path) -> None:
        """It is a name of the user's, which runs through all that is printed."""
        (tmp_path / ":x:.py").write_text(WRONG.read_text())
        done = bnconf("run", ":x:.py:Scalar", "-r", "shape.gamma", "--max-examples", "4")
        assert ":x:.py:Scalar" in "".join(done.stdout.split()) and ":x:.py:Scalar" in done.stderr
        assert "❌" not in done.stdout + done.stderr

    def test_every_console_is_one_without_markup(self) -> None:
        made = [
            path.relative_to(SOURCE).as_posix()
            for path in SOURCE.rglob("*.py")
            if re.search(r"\bConsole\(", path.read_text(encoding="utf-8"))
        ]
        assert made == ["report/console.py"]

    @pytest.mark.parametrize("character", TRICKS[:15])
    def test_a_name_that_cannot_be_shown_is_refused(self, character: str) -> None:
        if not seen(character):
            with pytest.raises(NotFound, match="characters that no report can show"):
                resolve(f"exec:a{character}b")


class TestTheFiles:
    def test_are_all_there(self, forms: dict[str, str]) -> None:
        endings = {name.rpartition(".")[2] for name in forms}
        assert endings == {"html", "json", "md", "xml", "svg", "txt"}
        assert {"error-against-kappa.svg", "index.html", "junit.xml", "report.json", "summary.md"} <= set(
            forms
        )
        assert sum(name.startswith("badges/") for name in forms) == 2

    def test_hide_nothing(self, forms: dict[str, str]) -> None:
        for name, text in forms.items():
            # The program that draws the charts is none of the report's.
            shown = re.sub(r'<script id="vega".*?</script>', "", text, flags=re.DOTALL)
            assert seen(shown), name

    def test_are_well_formed(self, forms: dict[str, str]) -> None:
        trees = [
            ElementTree.fromstring(text) for name, text in forms.items() if name.endswith(("svg", "xml"))
        ]
        assert len(trees) >= 4
        for tree in trees:
            assert not {"i", "script", "image"} & {each.tag.rpartition("}")[2] for each in tree.iter()}

    def test_the_page_has_no_element_of_a_stranger(self, forms: dict[str, str]) -> None:
        assert "i" not in set(elements(forms["index.html"]))
        assert "pre" in set(elements(forms["index.html"]))

    def test_markdown_has_no_markup_of_a_stranger(self, forms: dict[str, str]) -> None:
        text = re.sub(r"^```$.*?^```$", "", forms["summary.md"], flags=re.DOTALL | re.MULTILINE)
        text = re.sub(r"(`+) .*? \1(?!`)", "", text)
        assert "\\<i\\>" in text
        assert not re.findall(r"(?<!\\)</?[bi]>", text)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        columns = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert rows and max(columns) <= 9

    def test_what_is_a_report_still_is(self, forms: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "report.json").write_text(forms["report.json"], encoding="utf-8")
        assert read(tmp_path / "report.json").to_json().decode().strip() == forms["report.json"].strip()


def elements(page: str) -> Iterator[str]:
    found: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.append(tag)

    Parser().feed(page)
    yield from found


class TestScripts:
    """The suite cannot tell whether a script of a report is one that it would write."""

    def test_of_a_report_are_text_and_say_so(self, sound: Report, tmp_path: Path) -> None:
        (tmp_path / "report.json").write_bytes(sound.to_json())
        bnconf("report", tmp_path / "report.json", "-o", tmp_path / "out")
        assert not list((tmp_path / "out").rglob("*.py"))
        (script,) = (tmp_path / "out").rglob("*.py.txt")
        assert "bnconf did not make it" in script.read_text() and "print('a script')" in script.read_text()
        page, summary = ((tmp_path / "out" / name).read_text() for name in ("index.html", "summary.md"))
        assert "read it before you run it" in page and "for a bug report" not in page
        assert f"[{script.relative_to(tmp_path / 'out').as_posix()}]" in summary
        assert "with the framework alone" not in summary

    def test_of_a_run_lie_where_they_did(self, sound: Report, tmp_path: Path) -> None:
        """Until the report is written again, in place of the one of the run."""
        from conformance.report.renderers import write

        write(sound, tmp_path)
        (script,) = tmp_path.rglob("*.py")
        assert script.read_text() == "print('a script')\n"
        bnconf("report", tmp_path / "report.json", "-o", tmp_path)
        assert not script.exists() and script.with_name(f"{script.name}.txt").exists()
        write(sound, tmp_path)
        assert script.exists() and not list(tmp_path.rglob("*.txt"))


class TestFiles:
    def test_a_mark_before_utf_8_is_read_over(self, sound: Report, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        path.write_bytes(b"\xef\xbb\xbf" + sound.to_json())
        assert read(path).suite == sound.suite
        path.write_text('\ufeff[[known]]\nrequirement = "x"\nreason = "y"\n', encoding="utf-8")
        assert read_baseline(path) == (Known("x", "y"),)

    def test_names_may_be_long(self, sound: Report, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        path.write_text(sound.to_json().decode().replace("Scalar", "x" * 5000))
        assert bnconf("diff", path, path) == "nothing changed\n"

    @pytest.mark.parametrize(
        "arrays", [{"x": [[1]]}, {"x": {}, "gamma": None, "beta": "\x1b"}, {"y": [[[[1]]]]}]
    )
    def test_arrays_may_be_anything(self, sound: Report, tmp_path: Path, arrays: Any) -> None:
        document = json.loads(sound.to_json())
        for result in document["results"]:
            if result["counterexample"]:
                result["counterexample"]["arrays"] = arrays
        (tmp_path / "report.json").write_text(json.dumps(document))
        assert "wrote" in bnconf("report", tmp_path / "report.json", "-o", tmp_path / "out")

    def test_a_baseline_is_spelled_too(self, tmp_path: Path) -> None:
        path = tmp_path / "known.toml"
        path.write_text('[[known]]\nrequirement = "x"\nreason = "\\u001b[31m\\u202e"\n')
        assert read_baseline(path)[0].reason == "\\x1b[31m\\u202e"
        path.write_text('[[known]]\nrequirement = "\\u001b"\ndtype = "\\u001b"\nreason = "y"\n')
        with pytest.raises(BadBaseline) as refused:
            read_baseline(path)
        assert seen(str(refused.value))


class TestText:
    @pytest.mark.parametrize(
        "character", ["\x00", "\x1b", "\x9b", "\u202e", "\u200b", "\ufeff", "\ud800", "\u2028"]
    )
    def test_what_cannot_be_seen_is_spelled_out(self, character: str) -> None:
        assert spelled(f"a{character}b") == f"a{character.encode('unicode_escape').decode()}b"

    @pytest.mark.parametrize("text", ["größe", "x² - E[x]²", "日本語", "a\u00a0b", "a\n\tb", "❌ ≈ ↳", ""])
    def test_what_can_be_seen_stays(self, text: str) -> None:
        assert spelled(text) == text

    def test_the_middle_of_what_is_long_is_left_out(self) -> None:
        assert shortened("a" * 10, 10) == "a" * 10
        assert shortened("a" * 50 + "b" * 50, 10) == "aaaaa [...] bbbbb"

    @pytest.mark.parametrize("text", ["a", "`", "a`b", "``", "`a``b```"])
    def test_code_within_a_line_is_closed_by_nothing_in_it(self, text: str) -> None:
        fence = re.match("`+", code(text))
        assert fence is not None
        assert fence[0] not in re.findall("`+", code(text)[len(fence[0]) : -len(fence[0])])

    def test_a_cell_is_one_line_without_markup(self) -> None:
        assert cell("a\nb|c<d>&lt;`*_[x](y)") == r"a b\|c\<d\>\&lt;\`\*\_\[x\](y)"
