"""What is printed may be lost. A report is not, and the exit status stays that of the command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.cli._streams import forgiving
from conformance.report.writing import NotWritten, write_forms
from conformance.results.model import Report
from tests.conftest import HANGS

BNCONF = f"{sys.executable} -m conformance"
RUN = f"{BNCONF} run reference -r shape.output --dtype float32 --max-examples 4"
#: The reference, refused what it needs: a requirement that fails.
FAILS = f"{BNCONF} run tests/broken_adapters.py:NoOffset -r forward.training --dtype float32 --max-examples 4"


def shell(command: str) -> tuple[int, str, str]:
    """The status of a command of bash, and what it says."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=HANGS, check=False
    )
    return done.returncode, done.stdout, done.stderr


def complete(folder: Path) -> bool:
    report = Report.from_json((folder / "report.json").read_bytes())
    return report.suite.complete and "</html>" in (folder / "index.html").read_text()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one whose requirement fails, written while nobody listens."""
    folder = tmp_path_factory.mktemp("report")
    found, _, errors = shell(f"{FAILS} -o {folder} | true")
    assert found == 1 and complete(folder), errors
    assert "Traceback" not in errors and "Exception ignored" not in errors
    return folder / "report.json"


@pytest.mark.parametrize("reader", ["| true", "| head -1", "> /dev/full", ">&-"])
def test_a_closed_or_full_output_loses_no_report(report: Path, tmp_path: Path, reader: str) -> None:
    found, _, errors = shell(f"{BNCONF} report {report} -o {tmp_path} {reader}")
    assert found == 0, errors
    assert complete(tmp_path)
    assert "Traceback" not in errors and "Exception ignored" not in errors


@pytest.mark.parametrize("reader", ["2> /dev/full > /dev/null", "2>&1 | true", "2>&-"])
def test_nor_does_a_closed_or_full_standard_error(tmp_path: Path, reader: str) -> None:
    found, _, _ = shell(f"{RUN} -o {tmp_path} {reader}")
    assert found == 0
    assert complete(tmp_path)


def test_a_refusal_that_nobody_can_read_is_one() -> None:
    assert shell(f"{BNCONF} run no-such-thing 2> /dev/full")[0] == 2


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    found, _, errors = shell(
        f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir ../gone && {BNCONF} run no-such-thing"
    )
    assert found == 2
    assert errors == "Error: the current folder cannot be read: No such file or directory\n"


def test_letters_that_cannot_be_written_are_replaced() -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="ascii") as narrow, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", narrow)
        with forgiving():
            print("größe")
        narrow.seek(0)
        assert narrow.read() == "gr??e\n"


@pytest.mark.parametrize("command", ["list", "requirements", "--help"])
def test_other_commands_say_what_is_heard(command: str) -> None:
    found, said, errors = shell(f"{BNCONF} {command} | head -1")
    assert found == 0 and len(said.splitlines()) == 1 and not errors


def test_a_folder_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found, _, errors = shell(f"{RUN} -o {tmp_path / 'file' / 'out'}")
    assert found == 2
    assert f"cannot write to {tmp_path / 'file' / 'out'}: Not a directory" in errors


def test_a_full_disk_leaves_the_report_that_was_there(report: Path) -> None:
    """No file may be longer than a few blocks."""
    before = {path: path.read_bytes() for path in report.parent.rglob("*") if path.is_file()}
    found, _, errors = shell(f"ulimit -f 16; {RUN} -o {report.parent}")
    assert found == 4
    assert "the report could not be written: " in errors and "File too large" in errors
    assert "Traceback" not in errors
    assert {path: path.read_bytes() for path in report.parent.rglob("*") if path.is_file()} == before


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    write_forms({"a": "old", "b/c": "old"}, tmp_path)
    for name in ("b", "a/d"):  # a file where a folder is, and a folder where a file is
        with pytest.raises(NotWritten):
            write_forms({"a": "new", name: "new"} if name == "b" else {"b/c": "new", name: "new"}, tmp_path)
    assert (tmp_path / "a").read_text() == (tmp_path / "b" / "c").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.skipif(
    not os.path.ismount("/dev/shm"), reason="needs a second file system that may be written, at /dev/shm"
)
def test_files_that_cannot_be_moved_leave_all_as_it_was(tmp_path: Path) -> None:
    """A folder of another file system takes no file by a rename; the files before and after it are put back."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        (tmp_path / "cases").symlink_to(elsewhere)
        (tmp_path / "a").write_text("old")
        (tmp_path / "cases" / "b").write_text("old")
        with pytest.raises(NotWritten, match="b: Invalid cross-device link"):
            write_forms({"a": "new", "c": "new", "cases/b": "new"}, tmp_path, gone=["d"])
        assert (tmp_path / "a").read_text() == (tmp_path / "cases" / "b").read_text() == "old"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "cases"]


def test_a_folder_in_the_place_of_an_old_file_stays(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "e").write_text("old")
    write_forms({"a": "new"}, tmp_path, gone=["d", "e"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "d"]


def test_a_defect_of_the_suite_has_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr("conformance.cli.requirements.catalogue", fails, raising=True)
    done = CliRunner().invoke(main, ["requirements"])
    assert done.exit_code == 70
    assert done.stderr.startswith(
        "bnconf failed, by a defect of its own: KeyError: 'nobody foresaw this' (at "
    )
    assert len(done.stderr.splitlines()) == 1
