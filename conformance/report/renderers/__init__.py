"""Forms a report can take, one module each: it has ``forms(report)``, the files it makes, name and text. A new form
is a new module here.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from conformance.report.charts import FILES
from conformance.report.renderers import badges, cases
from conformance.report.writing import write_forms
from conformance.results.model import Report
from conformance.results.reading import BadReport, read


def write(report: Report, folder: Path) -> list[Path]:
    """Write the report into ``folder`` in every form, in place of the report that was there; the paths written.

    :raises NotWritten: it cannot be.
    """
    files: dict[str, str] = {}
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda m: (m.name != "json", m.name)):
        files |= importlib.import_module(f"{__name__}.{found.name}").forms(report)
    return write_forms(files, folder, gone=_earlier(folder) - files.keys())


def _earlier(folder: Path) -> set[str]:
    """The names of what a report need not have and the one before has: what does not fail any more has no case."""
    try:
        report = read(folder / "report.json")
    except BadReport:
        return set()
    names = set(cases.forms(report))
    # A script that is text in the report as it is read was none in the run that wrote it.
    return {*names, *(name.removesuffix(".txt") for name in names), *badges.files(report), *FILES}
