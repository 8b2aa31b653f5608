"""Files named on the command line."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.results.model import Report
from conformance.results.reading import BadReport, read


def report_in(path: Path) -> Report:
    try:
        return read(path)
    except BadReport as error:
        raise click.UsageError(str(error)) from None
