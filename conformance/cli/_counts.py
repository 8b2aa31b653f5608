"""Options that take a number of things: so many as can be had, and no more."""

from __future__ import annotations

import click

EXAMPLES = click.IntRange(1, 1_000_000)
JOBS = click.IntRange(1, 1024)
EXPERIMENTS = click.IntRange(1, 1_000_000_000)
