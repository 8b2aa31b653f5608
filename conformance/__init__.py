"""Conformance suite for batch normalisation: executable requirements, judged within proven error bounds.

From Python, ``conformance.check(MyBatchNorm)`` judges an implementation: see :func:`conformance.api.check`.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.api import check as check
else:

    def __getattr__(name: str) -> Any:
        # Imported when it is asked for: workers import this package too, and have no use for what judging needs.
        if name == "check":
            from conformance.api import check

            return check
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


try:
    __version__ = version("batchnorm-conformance")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__", "check"]
