"""Names of files for names of anything: short, readable, the same in every report, and unique on any file system."""

from __future__ import annotations

import base64
import hashlib
import re

_MOST = 40  # letters of a name that are kept; some file systems and archives take few
# Of the digest that tells names apart, of 5 bits each: so many that nobody finds two names with the same.
_DIGITS = 20
#: What Windows has for devices, whatever ending follows.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
#: A name that is already a name of a file everywhere, and not one that is made here.
_PLAIN = re.compile(rf"(?!.*-[a-z2-7]{{{_DIGITS}}}$)[a-z0-9_](?:[a-z0-9_.-]{{0,{_MOST - 2}}}[a-z0-9_])?")


def named(name: str) -> str:
    """A name as part of that of a file. A plain one stays as it is: an id of ``bnconf list``, say. Of any other that
    part is kept that can be, from its end, where paths and commands differ; and a digest makes it unique.
    """
    return name if _PLAIN.fullmatch(name) and not _DEVICES.fullmatch(name) else _digested(name)


def named_module(name: str) -> str:
    """A name as part of that of a module of Python, in which no hyphen may be."""
    plain = _PLAIN.fullmatch(name) and re.fullmatch("[a-z][a-z0-9-]*", name)
    return name.replace("-", "_") if plain else re.sub(r"\W+", "_", _digested(name))


def _digested(name: str) -> str:
    whole = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    digest = base64.b32encode(whole).decode()[:_DIGITS].lower()
    kept = re.sub(r"[^A-Za-z0-9_.]+", "-", name)[-_MOST:].strip("-.")
    if not kept or _DEVICES.fullmatch(kept.lower()):
        kept = f"unnamed-{kept}".rstrip("-")
    return f"{kept}-{digest}"
