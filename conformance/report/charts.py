"""Charts of how errors grow, as Vega-Lite specifications."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from conformance.implementation import DTYPES
from conformance.results.accuracy import Measured
from conformance.results.model import Report

Row: TypeAlias = dict[str, Any]
Against: TypeAlias = Literal["kappa", "count"]

# Okabe and Ito's colours, told apart by every kind of eye; dashed as well, since lines lie on one another.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f")
# Around a picture; to the right for readers whose letters are wider than those it was measured with.
_ROOM = {"left": 5, "top": 5, "bottom": 5, "right": 40}
_STRETCHES = 6  # to a decade
# Error and its ratio to the bound against kappa, and error against N.
_TITLES = ("Error against kappa", "Error in units of its bound", "Error against N")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


@dataclass(frozen=True, slots=True)
class Chart:
    """:ivar spec: Vega-Lite, whose data go by the name ``rows``. :ivar rows: of what; a key of :func:`measured`."""

    spec: dict[str, Any]
    rows: Against


def measured(report: Report) -> dict[Against, list[Row]]:
    """The points to draw; thinned, where there are more than can be seen."""
    found: dict[Against, list[Row]] = {"kappa": _rows(report, "kappa"), "count": _rows(report, "count")}
    return {name: rows for name, rows in found.items() if rows}


def charts(rows: Mapping[Against, list[Row]]) -> list[Chart]:
    """Error and its ratio to the bound against kappa, and error against N; those for which there are data."""
    found = []
    if by_kappa := rows.get("kappa"):
        axis = "kappa = |mean| / std"
        found.append(Chart(_chart(by_kappa, "kappa", "error", _TITLES[0], axis), "kappa"))
        found.append(Chart(_chart(by_kappa, "kappa", "ratio", _TITLES[1], axis), "kappa"))
    if by_count := rows.get("count"):
        spec = _chart(by_count, "N", "error", _TITLES[2], "N, values per feature")
        found.append(Chart(spec, "count"))
    return found


def columns(rows: list[Row]) -> dict[str, list[Any]]:
    """Rows of one kind column by column, which is less to write."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def pictures(rows: Mapping[Against, list[Row]]) -> dict[str, dict[str, Any]]:
    """The charts of the first dtype and of y as they are to be drawn, by the names of their files."""
    return {
        _file(chart.spec["title"]): {
            **chart.spec,
            "width": 720,
            "background": "white",
            "padding": _ROOM,
            "datasets": {**chart.spec.get("datasets", {}), "rows": rows[chart.rows]},
        }
        for chart in charts(rows)
    }


def _file(title: str) -> str:
    return f"{title.lower().replace(' ', '-')}.svg"


#: The names of all files that :func:`pictures` may name.
FILES = tuple(map(_file, _TITLES))


def _rows(report: Report, against: Against) -> list[Row]:
    return [
        {
            "implementation": each.implementation,
            "dtype": each.dtype,
            "of": each.of,
            "kappa": None if point.kappa is None else _short(point.kappa),
            "N": point.count,
            "error": _short(point.error),
            "ratio": _short(point.error / point.bound),
        }
        for each in report.accuracy
        if each.against == against
        for point in _thinned(each.points, against)
        if point.error is not None and point.bound and point.error > 0
    ]


def _thinned(points: Sequence[Measured], against: Against) -> list[Measured]:
    """Of so many points that they would lie on one another: the largest error and the largest ratio of each small
    stretch, so that no line gets any lower.
    """
    kept: dict[tuple[int, str], Measured] = {}
    for point in points:
        at = point.kappa if against == "kappa" else float(point.count)
        if at is None or point.error is None or point.bound is None:
            continue
        stretch = math.floor(_STRETCHES * math.log10(max(at, 1.0)))
        for by, value in (("error", _error), ("ratio", _ratio)):
            if (stretch, by) not in kept or value(point) > value(kept[stretch, by]):
                kept[stretch, by] = point
    return sorted(
        dict.fromkeys(kept.values()), key=lambda p: p.count if against == "count" else p.kappa or 0.0
    )


def _error(point: Measured) -> float:
    return point.error or 0.0


def _ratio(point: Measured) -> float:
    return _error(point) / point.bound if point.bound else 0.0


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _chart(rows: list[Row], x: str, y: str, title: str, axis: str) -> dict[str, Any]:
    import altair as alt

    names = sorted({row["implementation"] for row in rows})
    colours = [_COLOURS[k % len(_COLOURS)] for k in range(len(names))]
    dashes = [_DASHES[(k + k // len(_COLOURS)) % len(_DASHES)] for k in range(len(names))]
    present = {row["dtype"] for row in rows}
    params: list[Any] = [
        _choice(alt, "dtype", [each for each in DTYPES if each in present]),
        _choice(alt, "of", [each for each in ("y", "dx") if each in {row["of"] for row in rows}]),
    ]
    picked = alt.selection_point(fields=["implementation"], bind="legend", name="picked")
    base = (
        alt.Chart(alt.NamedData("rows"))
        .transform_filter("datum.dtype == dtype && datum.of == of")
        .encode(
            x=alt.X(
                f"{x}:Q", scale=alt.Scale(type="log"), title=axis, axis=alt.Axis(format="~e", tickCount=7)
            ),
            y=alt.Y(
                f"{y}:Q",
                scale=alt.Scale(type="log"),
                title="error, in units of gamma" if y == "error" else "error / bound",
                axis=alt.Axis(format="~e", tickCount=7),
            ),
            color=alt.Color(
                "implementation:N", scale=alt.Scale(domain=names, range=colours), title="implementation"
            ),
            strokeDash=alt.StrokeDash(
                "implementation:N", scale=alt.Scale(domain=names, range=dashes), title="implementation"
            ),
            opacity=alt.condition(picked, alt.value(1), alt.value(0.12)),
            tooltip=["implementation:N", "dtype:N", "of:N", "kappa:Q", "N:Q", "error:Q", "ratio:Q"],
        )
    )
    layers = [base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=45)]
    if y == "ratio":
        rule = alt.Chart(alt.InlineData([{"limit": 1}])).mark_rule(strokeDash=[4, 4], color="#888")
        layers.append(rule.encode(y="limit:Q"))
    chart = alt.layer(*layers).add_params(picked, *params)
    spec: dict[str, Any] = (
        chart.properties(title=title, width="container", height=300).configure_legend(labelLimit=0).to_dict()
    )
    return spec


def _choice(alt: Any, name: str, options: list[str]) -> Any:
    return alt.param(name=name, value=options[0], bind=alt.binding_select(options=options, name=f"{name} "))
