"""Renew the published comparison: judge everything that is installed, and write reports/published/.

Run by ``tox -e publish``, and by nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parent / "published"
HEAD = """\
# The published comparison

Made by `python -m tox -e publish`. [index.html](index.html) is the same on one page, with the evidence for every
cell; [findings/](findings/README.md) holds what was found, each as a script of the framework's own API.

"""


def main(*arguments: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        command = [sys.executable, "-m", "conformance", *arguments, "-o", folder]
        subprocess.run(command, check=True)
        for path in sorted(p for p in made.rglob("*") if p.is_file()):
            name = path.relative_to(made).as_posix()
            text = path.read_text(encoding="utf-8")
            if name == "junit.xml":
                continue
            if name == "summary.md":
                name, text = "README.md", HEAD + text.replace("# ", "## ", 1)
            target = PUBLISHED / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main("run", "--exit-zero", *sys.argv[1:])
