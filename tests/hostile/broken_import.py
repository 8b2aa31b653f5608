"""Cannot be imported."""

from conformance import no_such_thing  # type: ignore[attr-defined]  # noqa: F401


class BatchNorm:
    """Never made."""
