"""report.json: everything, for programs."""

from __future__ import annotations

from conformance.results.model import Report

FILE = "report.json"


def forms(report: Report) -> dict[str, str]:
    return {FILE: render(report)}


def render(report: Report) -> str:
    return report.to_json().decode() + "\n"
