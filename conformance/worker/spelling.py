"""What somebody may have meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, among: Iterable[str]) -> str:
    """A sentence to put after one that says what is wrong with ``name``: `` Did you mean 'torch'?``, or nothing if no
    name is close to it.
    """
    close = get_close_matches(name, list(among), n=2)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
