"""Conformance suite for batch normalisation: executable requirements, judged within proven error bounds.

What an adapter and a test need is here: :class:`Capabilities`, :class:`LayerConfig` and :class:`Gradients` for an
adapter, :func:`batch_norm` to make one of a plain function, and :func:`check` to judge it from Python.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.adapting import batch_norm as batch_norm
    from conformance.api import check as check
    from conformance.implementation import Capabilities as Capabilities
    from conformance.implementation import Gradients as Gradients
    from conformance.implementation import Implementation as Implementation
    from conformance.implementation import Layer as Layer
    from conformance.implementation import LayerConfig as LayerConfig
    from conformance.version import __version__ as __version__

_WHERE = {
    "__version__": "version",
    "Capabilities": "implementation",
    "Gradients": "implementation",
    "Implementation": "implementation",
    "Layer": "implementation",
    "LayerConfig": "implementation",
    "batch_norm": "adapting",
    "check": "api",
}

__all__ = [
    "Capabilities",
    "Gradients",
    "Implementation",
    "Layer",
    "LayerConfig",
    "__version__",
    "batch_norm",
    "check",
]


if not TYPE_CHECKING:  # so that a name which is not there is an error for a type checker, too

    def __getattr__(name: str) -> Any:
        # Imported when it is asked for: workers import this package too, and have no use for what judging needs.
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
