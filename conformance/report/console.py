"""Where text is printed."""

from __future__ import annotations

from typing import Any

from rich.console import Console


def console(**options: Any) -> Console:
    """A console of rich that shows text as it is. Otherwise ``[red]`` in a name would be a style, and ``:X:`` a
    picture.
    """
    return Console(markup=False, emoji=False, **options)
