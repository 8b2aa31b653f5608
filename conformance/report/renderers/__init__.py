"""Forms a report can take, one module each: it has ``forms(report)``, the files it makes, name and text. A new form
is a new module here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path

from conformance.report.renderers import cases
from conformance.results.model import Report
from conformance.results.reading import BadReport, read


def write(report: Report, folder: Path) -> list[Path]:
    """Write the report into ``folder`` in every form; the paths written."""
    _forget_cases(folder)
    written = []
    # report.json first: everything else can be made of it again.
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda m: (m.name != "json", m.name)):
        module = importlib.import_module(f"{__name__}.{found.name}")
        written += write_forms(module.forms(report), folder)
    return written


def _forget_cases(folder: Path) -> None:
    """Take away the cases of the report that was there before: what does not fail any more has none."""
    try:
        earlier = cases.forms(read(folder / "report.json"))
    except BadReport:
        return
    for name in earlier:
        (folder / name).unlink(missing_ok=True)


def write_forms(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by their names into ``folder``; the paths written."""
    written = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
