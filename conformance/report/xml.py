"""Text from anywhere in XML."""

from __future__ import annotations

import re

# Characters XML 1.0 has no way to write, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def writable(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
