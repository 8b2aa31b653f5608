"""Renew the published comparison: judge everything that is installed, and write reports/published/.

Run by ``tox -e publish``, and by nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parent / "published"
TRACKED = Path(__file__).resolve().parent / "known.toml"
COMPARED = ("torch", "keras-tensorflow")
HEAD = """\
# The published comparison

Made by `python -m tox -e publish`. [index.html](index.html) is the same on one page, with the evidence for every
cell. Also here:

* [findings/](findings/README.md): what was found, each as a script of the framework's own API.
* [compare/](compare/comparison.md): why PyTorch's and Keras' outputs differ, and code that carries a trained layer
  from each to the other, verified. The same for any two: `bnconf compare A B`.
* [cases/](cases): every failure's smallest case, to replay, and as a script.

"""


def main(*arguments: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        bnconf = [sys.executable, "-m", "conformance"]
        subprocess.run([*bnconf, *arguments, "--baseline", str(TRACKED), "-o", folder], check=True)
        subprocess.run([*bnconf, "compare", *COMPARED, "-o", str(made / "compare")], check=True)
        # What does not fail any more leaves no case behind.
        for old in ("cases", "compare", "badges"):
            shutil.rmtree(PUBLISHED / old, ignore_errors=True)
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
