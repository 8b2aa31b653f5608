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
    wanted = package.lower().replace("_", "-")
    for line in lines:
        extra = line.rpartition("extra ==")[2].strip(" '\"")
        # A distribution need not be called as what it installs: sonnet comes with dm-sonnet, in the extra sonnet.
        if "extra ==" in line and (line.lower().startswith(wanted) or extra == wanted):
            return f"not installed: pip install 'batchnorm-conformance[{extra}]'"
    return f"not installed: it needs the Python package {package}"
