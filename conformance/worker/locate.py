"""From the name of an implementation to its class: ``reference``, ``path/to/file.py:MyBatchNorm``,
``package.module:MyBatchNorm``.
"""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from conformance.worker.shown import shortened, spelled
from conformance.worker.spelling import meant

GROUP = "batchnorm_conformance.implementations"

_LONGEST = 4000  # characters of a name, which stands in every table


class NotFound(Exception):
    """Nothing goes by that name; the message says what was looked for, and where."""


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that none can have is that of none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def points() -> list[EntryPoint]:
    """The entry points of the registered implementations, sorted by id. Nothing is imported."""
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def registered() -> dict[str, str]:
    """The registered ids, sorted, each with the ``module:Class`` it stands for."""
    # The value of an entry point may go on with the extras that it needs.
    return {point.name: f"{point.module}:{point.attr}" for point in points()}


def resolve(name: str) -> str:
    """``name`` as ``exec:COMMAND``, ``/absolute/file.py:Class`` or ``module:Class``.

    :raises NotFound: it is neither registered nor of the form of a command, a path or a module.
    """
    if len(name) > _LONGEST:
        raise NotFound(
            f"the name {shortened(name, 80)!r} has {len(name)} characters, and at most {_LONGEST} can do"
        )
    if spelled(name) != name:
        raise NotFound(f"the name {name!r} has characters that no report can show; give it another")
    if name.startswith("exec:"):
        try:
            command = shlex.split(name.removeprefix("exec:"))
        except ValueError as error:
            raise NotFound(f"not a command: {name!r}: {error}") from None
        if not command:
            raise NotFound("exec: is followed by a command")
        return name
    known = registered()
    if name in known:
        return known[name]
    place, _, attribute = name.rpartition(":")
    module = all(part.isidentifier() for part in place.split("."))
    if not (module or place.endswith(".py")) or not attribute.isidentifier():
        raise NotFound(
            f"no implementation {name!r}.{meant(name, known)} Expected an id that `bnconf list` shows, "
            f"path/to/file.py:Class, package.module:Class or exec:COMMAND"
        )
    if place.endswith(".py"):
        path = Path(place)
        if not is_file(path):
            raise NotFound(f"no file {place!r} (for {name!r})")
        return f"{path.resolve()}:{attribute}"
    return name


def load(resolved: str) -> Any:
    """Import what :func:`resolve` returned, and make the implementation, if it is not one already. For use inside a
    worker.
    """
    place, _, attribute = resolved.rpartition(":")
    if place.endswith(".py"):
        path = Path(place)
        sys.path.append(str(path.parent))
        # A name of its own, so that a file does not stand in for a package of its name.
        name = f"implementation_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise NotFound(f"cannot import {place!r}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    if not hasattr(module, attribute):
        raise NotFound(f"{place} has no attribute {attribute!r}")
    found = getattr(module, attribute)
    return found if hasattr(found, "build") and not isinstance(found, type) else found()
