"""Forms a report can take, one module each: it has ``FILE``, the name of the file, and ``render(report)``,
its text. A new form is a new module here.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from conformance.report.model import Report


def write(report: Report, folder: Path) -> list[Path]:
    """Write the report into ``folder`` in every form; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        path = folder / module.FILE
        path.write_text(module.render(report), encoding="utf-8")
        written.append(path)
    return written
