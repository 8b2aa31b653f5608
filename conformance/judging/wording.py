"""The turns of phrase that messages share."""

from __future__ import annotations

import math


def counted(count: int, noun: str) -> str:
    """``1 feature``, ``2 features``, ``1,000 features``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def times(ratio: float, bound: str = "the bound") -> str:
    """An error in units of its bound: ``1.29 times the bound``."""
    if not math.isfinite(ratio):
        return f"infinitely many times {bound}"
    # What exceeds its bound by less than a thousandth would be "1 times" it.
    return f"just over {bound}" if 1 < ratio < 1.005 else f"{ratio:.3g} times {bound}"


def element(what: str, index: tuple[int, ...]) -> str:
    """One element of what a phrase speaks of.

    :param what: the phrase; ``{}`` stands where the index goes, as in ``y[{}] in training``.
    """
    return what.replace("{}", ", ".join(map(str, index)))


def whole(what: str) -> str:
    """All of what such a phrase speaks of."""
    return what.replace("[{}]", "").replace("{}", "").rstrip(" ,")
