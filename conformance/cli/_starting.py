"""What to do about an implementation that does not start."""

from __future__ import annotations

from importlib.metadata import requires

from conformance.worker.process import CannotStart


def remedy(error: CannotStart) -> str:
    """What to do about an implementation that does not start."""
    return install(error.missing) if error.missing else f"does not start: {error}"


def install(package: str) -> str:
    """The extra of this distribution that brings a package."""
    try:
        lines = requires("batchnorm-conformance") or []
    except Exception:
        lines = []
    for line in lines:
        if line.lower().startswith(package.lower()) and "extra ==" in line:
            extra = line.rpartition("extra ==")[2].strip(" '\"")
            return f"not installed: pip install 'batchnorm-conformance[{extra}]'"
    return f"not installed: it needs the Python package {package}"
