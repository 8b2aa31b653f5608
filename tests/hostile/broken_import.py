"""Cannot be imported."""


class BatchNorm:
    """Never made."""
