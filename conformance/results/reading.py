"""A report from a file, which may be anybody's."""

from __future__ import annotations

from pathlib import Path

import msgspec

from conformance.implementation import DTYPES
from conformance.results.model import SCHEMA_VERSION, Report

_MOST_BYTES = 64 << 20


class BadReport(Exception):
    """What was given is no report; the message names the file, what it holds, and what was expected."""


class _Version(msgspec.Struct):
    schema_version: int


def read(path: Path) -> Report:
    """The report in a file that ``bnconf run -o`` wrote.

    :raises BadReport: it cannot be read, is not JSON, of another version, or not a report.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise BadReport(f"{path} has {size >> 20} MiB; a report has at most {_MOST_BYTES >> 20}")
        data = path.read_bytes()
        version = msgspec.json.decode(data, type=_Version).schema_version
        if version != SCHEMA_VERSION:
            raise BadReport(
                f"{path} is a report of version {version}; this suite reads version {SCHEMA_VERSION}"
            )
        report = Report.from_json(data)
        if (problem := _contradiction(report)) is not None:
            raise BadReport(f"{path} contradicts itself: {problem}")
        return report
    except OSError as error:
        raise BadReport(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise BadReport(f"{path} is not a report.json of bnconf run: {error}") from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadReport(f"{path} is not JSON, or cut short: {error}") from None


def _contradiction(report: Report) -> str | None:
    """What one part of it says of another and is not so, which no schema can tell."""
    implementations = {each.id for each in report.implementations}
    requirements = {each.id for each in report.requirements}
    for result in report.results:
        where = f"results has {result.implementation}, {result.requirement}"[:200]
        if result.requirement not in requirements:
            return f"{where}, which is not among its requirements"
        if result.implementation not in implementations:
            return f"{where}, which is not among its implementations"
        if result.outcome.failing and not any(each.outcome.failing for each in result.by_dtype.values()):
            return f"{where}, which fails, but in no dtype"
    dtypes = {dtype for result in report.results for dtype in result.by_dtype}
    dtypes |= {each.dtype for each in report.accuracy} | {each.dtype for each in report.held}
    for dtype in sorted(dtypes):
        if dtype not in DTYPES:
            return f"it speaks of dtype {dtype[:40]!r}; known are {', '.join(DTYPES)}"
    return None
