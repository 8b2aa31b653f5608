"""Text from anywhere, so that it can be shown."""

from __future__ import annotations

import unicodedata


def spelled(text: str) -> str:
    """Text in which every character can be seen: control and format characters are spelled out, and so are halves of
    pairs. Among them are those that take no room, or turn the direction of writing, by which text is made to look
    like another.
    """
    return text if text.isprintable() else "".join(map(_seen, text))


def _seen(character: str) -> str:
    if character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode()


def shortened(text: str, most: int) -> str:
    """Text without its middle, where it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} [...] {text[-(most // 2) :]}"
