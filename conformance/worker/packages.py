"""Which packages a registered implementation needs, whether they are installed, and how to get them. All of this is
in the metadata of installed distributions. Nothing is imported.

An entry point names the extras of its distribution that bring what the implementation needs::

    keras-torch = "conformance.implementations.keras:KerasTorch [torch,keras]"

The requirements of these extras are then the packages. An extra that the distribution does not have stands for a
package of that name that cannot share an environment with the suite: no extra could bring it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, version
from shlex import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from conformance.worker.locate import points

_SUITE = "batchnorm-conformance"
#: A distribution built for one kind of device has a name of its own: tensorflow-cpu brings what tensorflow does.
_BUILDS = ("", "-cpu", "-gpu", "-rocm", "-macos")


@dataclass(frozen=True, slots=True)
class Needs:
    """What one registered implementation needs.

    :ivar id: under which it is registered. :ivar distribution: which registers it.
    :ivar extras: of that distribution. :ivar requirements: what these extras bring.
    :ivar apart: packages that need an environment of their own.
    """

    id: str
    distribution: str
    extras: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        """Whether each package is installed, in a version that will do."""
        return all(map(_satisfied, self.requirements)) and all(_version(name) for name in self.apart)

    @property
    def framework(self) -> bool:
        """Whether it is anything but the suite's own reference."""
        return bool(self.extras) or self.distribution != _SUITE

    def versions(self) -> dict[str, str]:
        """The version of each package that is installed."""
        names = [*(each.name for each in self.requirements), *self.apart] or [self.distribution]
        return {name: found for name in names if (found := _version(name))}

    def remedy(self) -> str:
        """What installs it."""
        if self.apart:
            packages = " and ".join(self.apart)
            return f"install {packages} in an environment of its own, for --python: docs/frameworks.md"
        return _install(self.requirements)


def needs() -> dict[str, Needs]:
    """Of each registered id, sorted."""
    return {point.name: _needs(point) for point in points()}


def remedy(package: str, implementation: str = "") -> str:
    """What to do about a Python package that an implementation lacks.

    :param package: as it is imported.
    :param implementation: which lacks it. The extras of a registered id say what it needs. For anything else this is
        a guess from the name of the package.
    """
    point = next((each for each in points() if each.name == implementation), None)
    if point is not None and (known := _needs(point)).extras:
        return f"not installed: {known.remedy()}"
    found = _that_bring(package)
    return (
        f"not installed: {_install(found)}"
        if found
        else f"not installed: it needs the Python package {package}"
    )


def _install(requirements: Iterable[Requirement]) -> str:
    # The packages and not the extra: this works beside a checkout and away from it.
    return " ".join(["pip install", *(quote(_plain(each)) for each in requirements)])


def _plain(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _needs(point: EntryPoint) -> Needs:
    if point.dist is None:
        return Needs(point.name, "")
    own = {canonicalize_name(each): each for each in point.dist.metadata.get_all("Provides-Extra") or ()}
    extras = tuple(_extras(point))
    return Needs(
        point.name,
        point.dist.name,
        extras,
        tuple({str(each): each for extra in extras for each in _brought(point.dist, extra)}.values()),
        tuple(each for each in extras if canonicalize_name(each) not in own),
    )


def _extras(point: EntryPoint) -> list[str]:
    # EntryPoint.extras takes torch-onnx for two.
    found = re.search(r"\[(.*)\]\s*$", point.value)
    return [each.strip() for each in found[1].split(",")] if found else []


@cache
def _brought(source: Distribution, extra: str) -> tuple[Requirement, ...]:
    """What an extra adds to what its distribution requires anyway."""
    found = []
    for line in source.requires or ():
        try:
            each = Requirement(line)
        except InvalidRequirement:
            continue
        if each.marker and each.marker.evaluate({"extra": extra}) and not each.marker.evaluate({"extra": ""}):
            each.marker = None
            found.append(each)
    return tuple(found)


def _that_bring(package: str) -> Sequence[Requirement]:
    """The requirements of the suite's extras that bring a package."""
    try:
        suite = distribution(_SUITE)
    except PackageNotFoundError:
        return ()
    wanted = canonicalize_name(package)
    extras = {extra: _brought(suite, extra) for extra in suite.metadata.get_all("Provides-Extra") or ()}
    every = [each for brought in extras.values() for each in brought]
    own = [each for each in every if canonicalize_name(each.name) == wanted]
    # A distribution need not be called as what it installs: sonnet comes with dm-sonnet, in the extra sonnet.
    return own[:1] or extras.get(wanted, ())


def _satisfied(requirement: Requirement) -> bool:
    found = _version(requirement.name)
    try:
        return found is not None and requirement.specifier.contains(found, prereleases=True)
    except InvalidVersion:
        return True  # It is there; whether it will do cannot be seen.


@cache
def _version(name: str) -> str | None:
    for build in _BUILDS:
        try:
            # Metadata that a broken installation left may have no version.
            if found := version(f"{name}{build}"):
                return found
        except PackageNotFoundError:
            continue
    return None
