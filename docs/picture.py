"""Draws batch.svg: a batch as an n-by-m matrix, what is measured from it, what is learned, and what comes out.

Run it after a change: ``python docs/picture.py``.
"""

from __future__ import annotations

from pathlib import Path

_ROWS, _COLUMNS, _CELL = 3, 5, 34
_TOP = 92
_FILLS = ("#cfe0ee", "#f3dcc4", "#d6e6cf")  # a feature each, told apart by lightness and label as well
_INK = "#22303c"
_GAMMA, _MINUS = "&#947;", "&#8722;"
_K = '<tspan dy="4" font-size="12">k</tspan><tspan dy="-4">&#8203;</tspan>'  # a subscript, and back to the line
_FORMULA = f"y{_K} = {_GAMMA}{_K} (x{_K} {_MINUS} μ{_K}) / √(σ²{_K} + ε) + β{_K}"


def _cell(x: float, y: float, row: int) -> str:
    fill = _FILLS[row]
    return f'<rect x="{x:g}" y="{y:g}" width="{_CELL}" height="{_CELL}" fill="{fill}" stroke="{_INK}"/>'


def _text(x: float, y: float, text: str, size: int = 15, anchor: str = "middle", style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" {style}>{text}</text>'


def _block(x: float, columns: int, name: str, shape: str) -> list[str]:
    """A matrix or a vector, with its name and shape above it."""
    middle = x + columns * _CELL / 2
    parts = [
        _text(middle, _TOP - 30, name, 19, style='font-style="italic"'),
        _text(middle, _TOP - 11, shape, 13),
    ]
    parts += [
        _cell(x + column * _CELL, _TOP + row * _CELL, row)
        for row in range(_ROWS)
        for column in range(columns)
    ]
    return parts


def _arrow(start: float, end: float) -> str:
    y = _TOP + _ROWS * _CELL / 2
    return (
        f'<path d="M{start:g} {y:g}H{end - 7:g}" stroke="{_INK}" stroke-width="2" fill="none"/>'
        f'<path d="M{end:g} {y:g}l-9 -5v10z" fill="{_INK}"/>'
    )


def draw() -> str:
    under = _TOP + _ROWS * _CELL + 26
    parts = _block(104, _COLUMNS, "X", "(n, m)")
    parts += [
        _text(94, _TOP + (row + 0.64) * _CELL, f"feature {'12n'[row]}", 13, "end") for row in range(_ROWS)
    ]
    parts += [_arrow(284, 316)]
    parts += _block(326, 1, "μ", "(n,)") + _block(384, 1, "σ²", "(n,)")
    parts += _block(458, 1, _GAMMA, "(n,)") + _block(516, 1, "β", "(n,)")
    parts += [_arrow(562, 594)]
    parts += _block(604, _COLUMNS, "Y", "(n, m)")
    parts += [
        _text(189, under, "a batch: m values of each feature", 13),
        _text(372, under, "measured", 13),
        _text(504, under, "learned", 13),
        _text(689, under, "the batch, normalised", 13),
        _text(392, under + 46, _FORMULA, 19),
    ]
    label = (
        "A batch X of n features with m values each. Mean, variance, gamma and beta are n-vectors: one number for "
        "each feature. The output Y has the shape of X."
    )
    body = "\n".join(parts)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 36 800 250" role="img" '
        f'font-family="system-ui, sans-serif" fill="{_INK}">\n<title>{label}</title>\n'
        f'<rect y="36" width="800" height="250" rx="6" fill="#fff"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    (Path(__file__).parent / "batch.svg").write_text(draw(), encoding="utf-8")
