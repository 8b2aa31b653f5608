"""cases/: every failure's smallest case, for ``bnconf replay``, and as a script of the framework's own API. A script
that came with a report is written as text.
"""

from __future__ import annotations

from conformance.report.card import smallest
from conformance.results.model import Report


def forms(report: Report) -> dict[str, str]:
    found = {}
    for each in map(smallest, report.results):
        if each is not None:
            found[f"{each.path}.json"] = each.file
            if each.script is not None:
                found[each.script_path] = each.script
    return found
