"""Failures that are known: each with the requirement it is of, a reason, and where it is tracked.

[[known]]
requirement = "degenerate.empty"     # an id, or a shell-style pattern, or several: ["forward.*", "numerics.bound"]
implementation = "keras-*"           # optional, likewise
dtype = "float32"                    # optional
diagnosis = "E[x^2] - E[x]^2"        # optional: what the diagnosis has to contain
reason = "an empty batch turns the statistics to NaN"
link = "https://example.org/issues/1"
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

import msgspec

from conformance.implementation import DTYPES
from conformance.requirements.catalogue import LONGEST_PATTERN
from conformance.results.stranger import BadFile, contents
from conformance.worker.untrusted import harmless

_MOST_PATTERNS = 5000  # each is held against each failure
_MOST_DOTS = 200  # in a line: the time a key of many parts takes grows with the square of their number


class BadBaseline(BadFile):
    """What was given is no baseline; the message names the file and what was expected."""

    kind = "a baseline"
    most = 1 << 20


#: A shell-style pattern, or several, any of which may match.
Patterns: TypeAlias = str | tuple[str, ...]


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One known failure, or several alike."""

    requirement: Patterns
    reason: str
    implementation: Patterns = "*"
    dtype: str | None = None
    diagnosis: str | None = None
    link: str = ""
    excused: bool = True

    def concerns(self, implementation: str, requirement: str, dtype: str) -> bool:
        """Whether it is about this requirement of this implementation in this dtype."""
        return (
            any(fnmatchcase(implementation, each) for each in _each(self.implementation))
            and any(fnmatchcase(requirement, each) for each in _each(self.requirement))
            and self.dtype in (None, dtype)
        )

    def covers(self, implementation: str, requirement: str, dtype: str, diagnosis: str | None) -> bool:
        """Whether a failure there is the known one."""
        explained = self.diagnosis is None or self.diagnosis in (diagnosis or "")
        return explained and self.concerns(implementation, requirement, dtype)

    def __str__(self) -> str:
        parts = [*_each(self.implementation), *_each(self.requirement), self.dtype or ""]
        return " ".join(filter(None, parts))


def _each(patterns: Patterns) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else patterns


class _File(msgspec.Struct, forbid_unknown_fields=True):
    known: tuple[Known, ...] = ()


def read_baseline(path: Path) -> tuple[Known, ...]:
    """:raises BadBaseline: the file cannot be read, is not TOML, or says something else than known failures."""
    try:
        text = contents(path, BadBaseline).decode()
        if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):  # TOML's lines
            raise BadBaseline(
                f"{path} has a line with more than {_MOST_DOTS} dots; a baseline needs none but in words"
            )
        found = harmless(msgspec.convert(tomllib.loads(text), _File).known)
    except msgspec.ValidationError as error:
        raise BadBaseline(f"{path} is no baseline of [[known]] failures: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BadBaseline(f"{path} is not TOML: {error}") from None
    if sum(len(_each(each.requirement)) + len(_each(each.implementation)) for each in found) > _MOST_PATTERNS:
        raise BadBaseline(f"{path} has more than {_MOST_PATTERNS:,} patterns")
    for each in found:
        if any(len(one) > LONGEST_PATTERN for one in (*_each(each.requirement), *_each(each.implementation))):
            raise BadBaseline(f"{path} has a pattern of more than {LONGEST_PATTERN} characters: {each}")
        if each.dtype not in (None, *DTYPES):
            raise BadBaseline(f"{path}: {each} has dtype {each.dtype!r}; expected one of {', '.join(DTYPES)}")
        if not each.link.startswith(("https://", "http://")) and each.link:
            raise BadBaseline(
                f"{path}: {each} has link {each.link!r}; expected one that begins with https://"
            )
    return found
