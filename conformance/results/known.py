"""A report in the light of a baseline: which of its failures are known, and which known failures are gone."""

from __future__ import annotations

import json
from dataclasses import replace

from conformance.judging.verdict import Outcome
from conformance.results.baseline import Known
from conformance.results.model import Report, Result


def with_baseline(report: Report, baseline: tuple[Known, ...]) -> Report:
    """The report with every known failure marked as such, and with the entries that no failure answers to any
    more, though what they are about was judged.
    """
    met: set[Known] = set()
    judged: set[Known] = set()

    def marked(result: Result) -> Result:
        by_dtype = dict(result.by_dtype)
        for dtype, each in by_dtype.items():
            where = result.implementation, result.requirement, dtype
            if each.outcome is not Outcome.UNSUPPORTED:
                judged.update(known for known in baseline if known.concerns(*where))
            if each.outcome.failing:
                covering = [known for known in baseline if known.covers(*where, result.diagnosis)]
                met.update(covering)
                by_dtype[dtype] = replace(each, known=covering[0] if covering else None)
        return replace(result, by_dtype=by_dtype)

    results = tuple(map(marked, report.results))
    gone = tuple(known for known in baseline if known in judged and known not in met)
    return replace(report, results=results, gone=gone)


def draft(report: Report) -> str:
    """A baseline of everything that fails in a report, for a person to give reasons."""
    lines = ["# Known failures. Give each a reason and, where it is tracked, a link.", ""]
    for result in report.results:
        failing = result.failing_dtypes
        judged = [d for d, each in result.by_dtype.items() if each.outcome is not Outcome.UNSUPPORTED]
        for dtype in failing if len(failing) < len(judged) else [None] * bool(failing):
            fields = {
                "requirement": result.requirement,
                "implementation": _literally(result.implementation),
                "dtype": dtype,
                "reason": result.diagnosis or result.message.partition("\n")[0],
                "link": "",
            }
            lines.append("[[known]]")
            lines += [f"{name} = {_quoted(value)}" for name, value in fields.items() if value is not None]
            lines.append("")
    return "\n".join(lines)


def _literally(text: str) -> str:
    """A pattern that matches this text alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _quoted(text: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
