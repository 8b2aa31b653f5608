"""All requirements there are: those that the modules of this package register."""

from __future__ import annotations

import importlib
import pkgutil
from fnmatch import fnmatchcase

from conformance.judging.requirement import Requirement, registered
from conformance.worker.shown import shortened
from conformance.worker.spelling import meant

#: Characters of a shell-style pattern. The time one takes grows with the square of their number.
LONGEST_PATTERN = 1000


def catalogue(patterns: tuple[str, ...] = ()) -> tuple[Requirement, ...]:
    """All requirements, or those whose id matches one of the shell-style patterns, group by group.

    :raises ValueError: a pattern matches nothing.
    """
    import conformance.requirements as package

    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    order = list(package.GROUPS)
    every = sorted(
        registered.values(),
        key=lambda r: order.index(r.group) if r.group in order else len(order),
    )
    for pattern in patterns:
        if len(pattern) > LONGEST_PATTERN or not any(fnmatchcase(r.id, pattern) for r in every):
            groups = dict.fromkeys(r.group for r in every)
            known = [*(r.id for r in every), *(f"{group}.*" for group in groups)]
            raise ValueError(
                f"no requirement matches {shortened(pattern, 80)!r}.{meant(pattern[:80], known)} Ids look like "
                f"{every[0].id}, groups are {', '.join(groups)}"
            )
    if not patterns:
        return tuple(every)
    return tuple(r for r in every if any(fnmatchcase(r.id, p) for p in patterns))
