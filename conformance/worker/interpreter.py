"""The Python interpreter a worker runs in: the suite's own, or that of another environment, where another version
of a framework is installed, or one whose dependencies conflict with the suite's.

Another interpreter needs Python 3.11, NumPy and msgspec, ml_dtypes for bfloat16, and what the implementation
needs. It is given the suite's two packages from where they lie, and nothing else of the suite's environment.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conformance.worker.locate import is_file

NEEDED = ("numpy", "msgspec")

_ROOT = str(Path(__file__).resolve().parents[2])
# The current folder, whose modules a user's adapter may import, and the package's own go last, so that no file in
# them shadows a package. What the suite itself brings needs no file there.
_OWN = "conformance."
_HERE = f"""
import sys
sys.path[:] = [*filter(None, sys.path), *([] if sys.argv[1].startswith({_OWN!r}) else ['']), {_ROOT!r}]
from conformance.worker.serve import main
main()
"""
# Where the suite is installed, its folder holds all other packages too, built for another interpreter.
_ELSEWHERE = f"""
import sys
from importlib.machinery import PathFinder

class Suite:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{_ROOT!r}]) if name in ('conformance', 'reference') else None

sys.meta_path.insert(0, Suite)
sys.path[:] = [*filter(None, sys.path), *([] if sys.argv[1].startswith({_OWN!r}) else [''])]
from conformance.worker.serve import main
main()
"""
# For any version of Python to read; the current folder is of no concern here.
_CHECK = f"""
import sys
sys.path[:] = filter(None, sys.path)
if sys.version_info < (3, 11):
    sys.exit('is Python ' + sys.version.split()[0] + '; a worker needs 3.11 or later')
from importlib.util import find_spec
missing = [name for name in {NEEDED!r} if find_spec(name) is None]
if missing:
    remedy = sys.executable + ' -m pip install ' + ' '.join(missing)
    sys.exit('lacks ' + ' and '.join(missing) + ', which a worker needs: ' + remedy)
print('ready')
"""


class Unfit(Exception):
    """No worker can run in an interpreter; the message says why, and what to do."""


def executable(path: str) -> str:
    """The interpreter that ``path`` stands for: itself, or that of the virtual environment in that folder.

    :raises ValueError: there is none.
    """
    place = Path(path)
    found = [place] if is_file(place) else [place / "bin" / "python", place / "Scripts" / "python.exe"]
    for each in found:
        if is_file(each):
            # Not resolved: in a virtual environment it is a link to one that knows nothing of it.
            return str(each.absolute())
    raise ValueError(
        f"no Python interpreter at {path!r}: expected an executable, or the folder of a virtual environment"
    )


def check(python: str) -> None:
    """:raises Unfit: a worker cannot run there."""
    try:
        done = subprocess.run(
            [python, "-c", _CHECK], capture_output=True, text=True, timeout=60, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unfit(f"{python} does not run: {error}") from None
    if done.stdout.strip() != "ready":
        raise Unfit(f"{python} {done.stderr.strip()[-500:] or 'is no Python interpreter'}")


def command(python: str | None, resolved: str) -> list[str]:
    """What starts the worker of an implementation, in the suite's interpreter or another one.

    :param resolved: from :func:`conformance.worker.locate.resolve`.
    """
    if python is None:
        return [sys.executable, "-P", "-c", _HERE, resolved]
    return [python, "-P", "-c", _ELSEWHERE, resolved]
