"""Files named on the command line."""

from __future__ import annotations

from pathlib import Path

from conformance.cli._errors import Refused
from conformance.results.model import Report
from conformance.results.reading import BadReport, read


def report_in(path: Path) -> Report:
    try:
        return read(path)
    except BadReport as error:
        raise Refused(str(error)) from None
