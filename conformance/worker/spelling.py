"""What somebody may have meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, among: Iterable[str]) -> str:
    """A sentence to put after one that says what is wrong with ``name``: `` Did you mean 'torch'?``, or nothing if no
    name is close to it.
    """
    by_lower = {each.lower(): each for each in among}
    close = [by_lower[each] for each in get_close_matches(name.lower(), list(by_lower), n=2)]
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
