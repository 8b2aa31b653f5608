"""The galleries on which the suite is tested: sound batch norms, and impostors.

A conformance suite is worth as much as it accuses no sound implementation and lets no wrong one pass. The
*sound* variants are all the ways in which batch norm is legitimately computed; the *impostors* are wrong
ones, each a named deviation, a bug that shipped, or one that shows in a corner only. ``bnconf self-check``
runs the suite on both. A third gallery, in modules ``circumstances_*``, holds impostors that are wrong in certain
circumstances only. A new exhibit is a class in one of the modules here; nothing else need change.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass
from types import ModuleType

from conformance.gallery.layer import BatchNorm


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One batch norm of the galleries.

    :ivar id: the name of its class, in kebab case.
    :ivar target: by which a worker loads it, ``package.module:Class``.
    :ivar sound: whether the suite has to pass it.
    :ivar what: what it does, or what is wrong with it.
    :ivar link: an issue upstream where it happened, or "".
    :ivar deviation: the named deviation that explains an impostor, or "".
    :ivar kind: "sound", or the group of impostors.
    :ivar declared: ids of the requirements that a sound variant fails by its nature.
    :ivar fails: id of the requirement that an impostor is there to fail, or "".
    :ivar circumstances: names of the circumstances that have to come together for it to be wrong, or ().
    """

    id: str
    target: str
    sound: bool
    what: str
    link: str
    deviation: str
    kind: str
    declared: tuple[str, ...]
    fails: str
    circumstances: tuple[str, ...] = ()


def exhibits() -> tuple[Exhibit, ...]:
    """All of both galleries: the sound ones first, the impostors kind by kind."""
    return _in_modules(r"(sound|impostors)_?")


def in_circumstances() -> tuple[Exhibit, ...]:
    """Impostors that are wrong in certain circumstances only, most of them in a conjunction of two or three."""
    return _in_modules("circumstances_")


def _in_modules(pattern: str) -> tuple[Exhibit, ...]:
    names = [m.name for m in pkgutil.iter_modules(__path__) if re.match(pattern, m.name)]
    names.sort(key=lambda name: (not name.startswith("sound"), name))
    found: list[Exhibit] = []
    for name in names:
        found += _in_module(importlib.import_module(f"{__name__}.{name}"))
    return tuple(found)


def _in_module(module: ModuleType) -> list[Exhibit]:
    return [
        Exhibit(
            _kebab(cls.__name__),
            f"{module.__name__}:{cls.__name__}",
            cls.sound,
            cls.what,
            cls.link,
            cls.deviation,
            cls.kind,
            cls.declared,
            cls.fails,
            cls.circumstances,
        )
        for name, cls in vars(module).items()
        if inspect.isclass(cls)
        and issubclass(cls, BatchNorm)
        and cls.__module__ == module.__name__
        and not name.startswith("_")
    ]


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
