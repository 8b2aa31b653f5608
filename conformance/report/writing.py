"""Files of a report, written whole: all of them or none, and none of an old report among those of a new one."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

_FRESH = ".bnconf-"  # where files are written first, with the process that does


class NotWritten(Exception):
    """A report could not be written; what was there is as it was."""


def write_forms(files: Mapping[str, str], folder: Path, gone: Iterable[str] = ()) -> list[Path]:
    """Write texts by their names into ``folder``, all or none; the paths written.

    :param gone: names to take away. :raises NotWritten: they cannot be.
    """
    try:
        _replace(files, folder, gone)
    except OSError as error:
        where = error.filename or folder
        raise NotWritten(f"the report could not be written: {where}: {error.strerror}") from None
    return [folder / name for name in files]


def _replace(files: Mapping[str, str], folder: Path, gone: Iterable[str]) -> None:
    """Write all beside what is there, and only then put it into its place."""
    folder.mkdir(parents=True, exist_ok=True)
    _tidy(folder)
    with tempfile.TemporaryDirectory(prefix=f"{_FRESH}{os.getpid()}-", dir=folder) as beside:
        new, old = Path(beside, "new"), Path(beside, "old")
        for name, text in files.items():
            for path in (folder / name, new / name, old / name):
                path.parent.mkdir(parents=True, exist_ok=True)
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), folder / name)
            (new / name).write_text(text, encoding="utf-8")
        _exchange(folder, new, old, files, gone)


def _exchange(folder: Path, new: Path, old: Path, files: Iterable[str], gone: Iterable[str]) -> None:
    """The new files into ``folder``, and what was there into ``old``; if one cannot be moved, all as it was."""
    with _undisturbed(), ExitStack() as back:
        for name in files:
            path = folder / name
            undo: Callable[[], object] = path.unlink
            if os.path.lexists(path):
                _copy(path, old / name)
                undo = partial((old / name).replace, path)
            (new / name).replace(path)
            back.callback(undo)
        for name in gone:
            path = folder / name
            if os.path.lexists(path) and not path.is_dir():  # A folder is none of a report's.
                (old / name).parent.mkdir(parents=True, exist_ok=True)
                path.replace(old / name)
                back.callback((old / name).replace, path)
        back.pop_all()


def _copy(path: Path, where: Path) -> None:
    """A second name of a file, or, where the file system has no such thing, a second file."""
    try:
        os.link(path, where, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, where, follow_symlinks=False)


def _tidy(folder: Path) -> None:
    """Take away what a process that was killed has left."""
    for path in folder.glob(f"{_FRESH}*"):
        pid = path.name.removeprefix(_FRESH).partition("-")[0]
        if not pid.isdecimal():
            continue  # It is somebody else's.
        try:
            os.kill(int(pid), 0)
        except (ProcessLookupError, OverflowError):
            shutil.rmtree(path, ignore_errors=True)
        except PermissionError:
            pass  # It lives.


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that come meanwhile are taken afterwards, so that no old file is left among new ones."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
