"""Cannot be imported."""

from conformance import no_such_thing  # noqa: F401


class BatchNorm:
    """Never made."""
