"""Charts are an extra: where their renderer cannot run, everything else is written, and the report says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.report import drawing
from conformance.results.model import Report
from tests.conftest import HANGS

RUN = "run reference -r numerics.conditioning --dtype float32 --max-examples 8 -o out"
SAYS = "The charts are missing: their renderer "


def run(folder: Path, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, after another of the shell."""
    return subprocess.run(
        ["bash", "-c", f"{before} exec {sys.executable} -m conformance {RUN}"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


def with_renderer(folder: Path, source: str) -> str:
    """A folder for PYTHONPATH, in which something else goes by the name of vl-convert."""
    (folder / "other").mkdir()
    (folder / "other" / "vl_convert.py").write_text(source)
    return str(folder / "other")


def written_without(folder: Path, why: str) -> None:
    out = folder / "out"
    assert Report.from_json((out / "report.json").read_bytes()).results
    page, summary = (out / "index.html").read_text(), (out / "summary.md").read_text()
    assert f"{SAYS}{why}. The table holds the same in figures." in page
    assert f"{SAYS}{why}. The table holds the same in figures." in summary
    assert "</html>" in page and 'id="vega"' not in page and ".svg)" not in summary
    assert "how errors grow" in page and not list(out.glob("*.svg"))


def test_with_it_there_are_charts(tmp_path: Path) -> None:
    """Or the tests below would prove nothing."""
    assert run(tmp_path).returncode == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert SAYS not in page and 'id="vega"' in page and 'id="charts"' in page
    assert {path.name for path in (tmp_path / "out").glob("*.svg")} == {
        "error-against-kappa.svg",
        "error-in-units-of-its-bound.svg",
    }


@pytest.mark.thorough
def test_one_that_panics_leaves_none_of_an_earlier_report(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    done = run(tmp_path, PYTHONPATH=with_renderer(tmp_path, "import os; os.abort()"))
    assert done.returncode == 0, done.stderr
    written_without(tmp_path, "ended with signal SIGABRT")


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the limit may do nothing here")
def test_without_memory_for_it(tmp_path: Path) -> None:
    """It reserves more than the rest of the suite needs."""
    done = run(tmp_path, "ulimit -v 4000000;", OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "index.html").read_text()
    assert SAYS in page


def test_one_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own alarm."""
    path = with_renderer(tmp_path, "import signal\nwhile True: signal.pthread_sigmask(0, [])\n")
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setattr(drawing, "LIMIT", 1)
    monkeypatch.setattr(drawing, "measured", lambda _: {"kappa": []})
    found = drawing.drawing(None)  # type: ignore[arg-type]
    assert found.problem == "their renderer did not end within 1 s" and not found.pictures
    assert found.missing.startswith("The charts are missing: their renderer did not end")


def test_one_that_talks_nonsense_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", with_renderer(tmp_path, "print('warming up')\nimport os; os._exit(0)"))
    monkeypatch.setattr(drawing, "measured", lambda _: {"count": []})
    assert "their renderer did not run: " in drawing.drawing(None).problem  # type: ignore[arg-type]
