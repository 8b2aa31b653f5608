"""What is said of wrong usage, and on standard error: of bounded length, and as a terminal can show it, whatever was
given.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from conformance.worker.shown import shortened, spelled

_MOST = 1000  # characters: who gave more knows what it was


class Refused(click.ClickException):
    """Wrong usage, said in one line."""

    exit_code = 2

    def __init__(self, text: str) -> None:
        super().__init__(spelled(shortened(" ".join(text.split()), _MOST)))


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what click says of wrong usage, in several lines of any length, into :class:`Refused`."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        # The hint is not to be cut off with what was given.
        text = shortened(error.format_message(), _MOST - 100)
        raise Refused(f"{text} (see {error.ctx.command_path} --help)" if error.ctx else text) from None


def tell(text: str) -> None:
    """Say on standard error what went wrong."""
    click.echo(spelled(shortened(text, 4 * _MOST)), err=True)
