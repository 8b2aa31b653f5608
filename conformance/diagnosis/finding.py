"""What a diagnosis is, and what makes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.judging.arithmetic import arithmetic
from conformance.judging.exact import Forwarded
from conformance.judging.level import Level
from conformance.judging.trial import Trial
from conformance.judging.verdict import Verdict
from reference.error_bounds import Arithmetic, probabilistic

NARROWED = Deviation("float64-narrowed", "of float64 data in float32")
HALF = Deviation("half-arithmetic", "with errors as large as those of half precision throughout")
ONE_PASS = Deviation(
    "one-pass-variance",
    "with the variance as E[x^2] - E[x]^2, which cancels where the mean exceeds the spread",
)
ONE_PASS_CLIPPED = Deviation(
    "one-pass-variance-clipped",
    "with the variance as E[x^2] - E[x]^2, which cancels where the mean exceeds the spread, and a negative one "
    "taken for 0",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One trial in which a requirement fails, and what it says of it."""

    trial: Trial
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """:ivar key: of the deviation, or of a combination ``a+b``; empty where none explains it.

    :ivar text: in plain words.
    """

    key: str
    text: str


def named(found: Sequence[Deviation]) -> Diagnosis | None:
    """A diagnosis where there is exactly one explanation, or two that these data cannot tell apart."""
    if not found or len(found) > 2:
        return None
    text = " or ".join(f"batch norm {d.words}" for d in found)
    return Diagnosis("|".join(d.key for d in found), f"This is {text}.")


def granted_to(f: Forwarded, dtype: str) -> Arithmetic:
    """The arithmetic of another dtype, MUST."""
    return arithmetic(dtype, f.count)


def plausible(f: Forwarded, dtype: str, level: Level) -> Arithmetic:
    """What is granted to arithmetic in ``dtype``, but for the worst case of long sums, which is so wide that
    anything would pass for anything.
    """
    granted = arithmetic(dtype, f.count, level)
    return replace(granted, growth=min(granted.growth, 8 * probabilistic(f.count)))
