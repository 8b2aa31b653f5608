"""An option that takes one of some names."""

from __future__ import annotations

import click

from conformance.worker.spelling import meant


class Choice(click.Choice[str]):
    """Says what may have been meant by another name."""

    def get_invalid_choice_message(self, value: str, ctx: click.Context | None) -> str:
        return super().get_invalid_choice_message(value, ctx) + meant(value, self.choices)
