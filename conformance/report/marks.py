"""The marks by which every form shows how an implementation stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark, as each form shows it.

    :ivar name: also its class in the style sheet of the page. :ivar sign: one character.
    :ivar emoji: the sign in Markdown, which has no colours.
    :ivar words: what it means. :ivar spoken: what a screen reader says after the count.
    :ivar style: on a terminal. :ivar colour: in CSS. White text can be read on it, and it can be read on white.
    """

    name: str
    sign: str
    emoji: str
    words: str
    spoken: str
    style: str
    colour: str


# Colours that every kind of eye can tell apart.
PASS = Mark("pass", "✓", "✅", "all hold", "hold", "green", "#0b6aa2")
KNOWN = Mark("known", "≈", "☑️", "only known failures", "hold, only known failures do not", "cyan", "#0b6aa2")
SHOULD = Mark("should", "!", "⚠️", "a SHOULD does not hold", "hold, a SHOULD does not", "yellow", "#8a6100")
FAIL = Mark("fail", "✗", "❌", "a MUST does not hold", "hold, a MUST does not", "bold red", "#a8320a")
FOLLOWS = Mark(
    "follows",
    "↳",
    "↳",
    "fails because of another group",
    "hold, the rest fails because of another group",
    "red",
    "#a8320a",
)
NONE = Mark("none", "·", "·", "none applies", "none applies", "dim", "#6b7280")

#: From the best to the worst, then what could not be judged.
MARKS = (PASS, KNOWN, SHOULD, FAIL, FOLLOWS, NONE)

#: What a cell of the table of groups holds.
CELL = (
    "requirements that hold, of those that apply; then the largest error divided by its bound, at most 1 where "
    "all is well"
)


def legend(*, known: bool) -> tuple[Mark, ...]:
    """The marks to explain.

    :param known: whether there are known failures.
    """
    return tuple(mark for mark in MARKS if known or mark is not KNOWN)
