"""An option that takes a time in seconds."""

from __future__ import annotations

import math
from typing import Any

import click


class _Seconds(click.FloatRange):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = float(super().convert(value, param, ctx))
        # No number is smaller than NaN, and none is reached that is infinite.
        if not math.isfinite(found):
            self.fail(f"{value} is not a number of seconds.", param, ctx)
        return found


SECONDS = _Seconds(0, 1e6, min_open=True)
