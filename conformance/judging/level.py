"""How much a requirement demands."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """After RFC 2119. MUST: batch norm is wrong without it. SHOULD: a careful implementation does it.
    CONVENTION: implementations legitimately differ, and the suite reports which one this is.
    """

    MUST = "MUST"
    SHOULD = "SHOULD"
    CONVENTION = "CONVENTION"


MUST, SHOULD, CONVENTION = Level.MUST, Level.SHOULD, Level.CONVENTION
