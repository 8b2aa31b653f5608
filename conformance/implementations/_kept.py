"""Where what a framework compiled is kept for the other workers and for later runs: in the user's own folder, since
it is code, and under the name of this machine, since it is machine code.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path


def folder(compiler: str) -> str:
    """The folder of one compiler."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", "") or "~/.cache").expanduser()
    return str(caches / "batchnorm-conformance" / f"{compiler}-{platform.node()}")
