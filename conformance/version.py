"""The version of the suite."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("batchnorm-conformance")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
