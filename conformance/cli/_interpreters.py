"""Interpreters named on the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from conformance.worker.interpreter import executable
from conformance.worker.spelling import meant


def interpreters(pairs: Iterable[str], names: Collection[str]) -> dict[str, str]:
    """The interpreter of each implementation that has one of its own, from ``ID=PATH``.

    :raises ValueError: not of that form, or of an implementation that is not among ``names``, or none there.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, path = pair.partition("=")
        if not name or not path:
            raise ValueError(f"--python takes ID=PATH, such as torch=../torch-2.3/.venv; it is {pair!r}")
        if name not in names:
            listed = ", ".join(names)
            raise ValueError(
                f"--python names {name!r}, which is not judged; judged are {listed}.{meant(name, names)}"
            )
        if name.startswith("exec:"):
            raise ValueError(f"{name!r} is a program of its own; --python is for implementations in Python")
        found[name] = executable(path)
    return found
