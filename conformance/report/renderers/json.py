"""report.json: everything, for programs."""

from __future__ import annotations

from conformance.report.model import Report

FILE = "report.json"


def render(report: Report) -> str:
    return report.to_json().decode() + "\n"
