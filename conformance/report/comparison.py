"""A comparison of two implementations, in words, and in the forms that are files."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

import msgspec

from conformance.judging.wording import counted
from conformance.report.naming import named_module
from conformance.report.words import KAPPA, ratio
from conformance.results.model import INFINITE
from conformance.studies.compare import Comparison, Numbers, Port


def headline(found: Comparison) -> str:
    """What matters, in two sentences."""
    experiments = sum(each.experiments for each in found.numbers)
    beyond = sum(each.beyond for each in found.numbers)
    both, of = f"{found.a} and {found.b}", counted(experiments, "experiment")
    agree = f"{both} agree within the bounds of both in all {of}"
    if beyond:
        agree = f"In {beyond:,} of {of} on the same data, {both} differ by more than the bounds of both allow"
    if not experiments:
        agree = f"{both} have no experiment in common"
    differ = "Their conventions are the same."
    if found.conventions:
        differ = f"They differ in {counted(len(found.conventions), 'convention')}."
    return f"{agree}. {differ}"


def sections(found: Comparison) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(title, rows of what, first, second) for all that is said side by side and differs."""
    titled = (("Held", found.held), ("Conventions", found.conventions), ("Outcomes", found.outcomes))
    return [(title, [(row.what, row.a, row.b) for row in rows]) for title, rows in titled if rows]


#: Headings of :func:`numbers`.
NUMBERS = ("largest difference of", "dtype", "in bounds", "beyond both", "where, and what each gives")


def numbers(found: Comparison) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            each.of,
            each.dtype,
            ratio(min(each.worst, INFINITE)),
            f"{each.beyond:,} of {each.experiments:,}",
            _where(found, each) if each.worst > 2 else "",
        )
        for each in found.numbers
    ]


def _where(found: Comparison, each: Numbers) -> str:
    if each.case is None:
        return ""
    regime = each.case.features[0]
    of = "constant" if regime.values == "constant" else f"{regime.values}, kappa {regime.kappa:g}"
    values = f"{found.a} {each.a:.6g}, {found.b} {each.b:.6g}, exactly {each.exact:.6g}"
    return f"{of}, {counted(each.case.count, 'value')}: {values}"


def verdict(port: Port) -> str:
    """What came of running a recipe, in words."""
    came = port.verified
    if port.why_not:
        return f"No recipe: {port.why_not}."
    if came.problem:
        return f"Not verified: {came.problem}."
    layers, features = counted(came.cases, "trained layer"), counted(came.experiments, "feature")
    text = (
        f"Verified on {layers} with {features}: inference then agrees within the bounds of both in "
        f"{came.agreeing:,}"
    )
    if came.worst is not None:
        text += f", at worst {ratio(min(came.worst, INFINITE))} of what they allow"
    text += "."
    off = [
        (name, value)
        for name, value in (("mean", came.mean_off), ("variance", came.var_off))
        if value is not None and value > 1e-4
    ]
    if not off:
        return f"{text} After one more batch in training the running statistics are still the same."
    said = " and ".join(f"the running {name} is off by up to {value:.1%}" for name, value in off)
    why = ""
    if [name for name, _ in off] == ["variance"]:
        why = (
            f" ({counted(came.var_off_count, 'value')} per feature in a batch), since one averages the biased "
            "variance and the other the unbiased; no recipe can change that"
        )
    return f"{text} After one more batch in training {said}{why}."


def forms(found: Comparison) -> dict[str, str]:
    """comparison.json, .md and .html, and each recipe as a file."""
    files = {
        "comparison.json": msgspec.json.format(msgspec.json.encode(_finite(found)), indent=1).decode() + "\n",
        "comparison.md": _markdown(found),
        "comparison.html": _html(found),
    }
    for port in found.ports:
        if port.code:
            files[f"port_{named_module(port.source)}_to_{named_module(port.target)}.py"] = port.code
    return files


def _finite(found: Comparison) -> Any:
    """Plain data, in which infinity is what it is in a report."""
    return _without_infinity(msgspec.to_builtins(found))


def _without_infinity(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_infinity(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinity(v) for v in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return max(-INFINITE, min(value, INFINITE)) if isinstance(value, float) else value


def _context(found: Comparison) -> dict[str, Any]:
    return {
        "found": found,
        "headline": headline(found),
        "sections": sections(found),
        "headings": NUMBERS,
        "kappa": KAPPA,
        "numbers": numbers(found),
        "ports": [(port, verdict(port)) for port in found.ports],
        "command": f"bnconf compare {shlex.join([found.a, found.b])} "
        f"--max-examples {found.max_examples} --seed {found.seed}",
    }


def _html(found: Comparison) -> str:
    from conformance.report.renderers.html import environment, style

    return environment().get_template("comparison.html.j2").render(css=style(), **_context(found))


def _markdown(found: Comparison) -> str:
    from conformance.report.renderers.markdown import cell, fenced

    lines = [f"# {cell(found.a)} and {cell(found.b)}", "", f"**{cell(headline(found))}**", ""]
    lines += [cell(", ".join(found.versions)), ""]
    for title, rows in sections(found):
        lines += [f"## {title}", "", f"| | {cell(found.a)} | {cell(found.b)} |", "|---|---|---|"]
        lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows] + [""]
    rows_ = numbers(found)
    if rows_:
        lines += [
            "## Numbers",
            "",
            f"Largest differences on the same cases, in units of the bound. {KAPPA}.",
            "",
        ]
        lines += ["| " + " | ".join(NUMBERS) + " |", "|---" * len(NUMBERS) + "|"]
        lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows_] + [""]
    lines += ["## Porting weights", ""]
    for port in found.ports:
        lines += [f"### From {cell(port.source)} to {cell(port.target)}", "", cell(verdict(port)), ""]
        if port.code:
            lines += ["```python", fenced(port.code.rstrip()), "```", ""]
    return "\n".join(lines)
