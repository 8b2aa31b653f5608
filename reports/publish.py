"""Renew the published comparison: judge everything that can be installed, and write reports/published/.

Run by ``tox -e publish``, and by nothing else. What needs an environment of its own is in environments.toml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT / "reports" / "published"
COMPARED = ("torch", "keras-tensorflow")
WORKER = ("numpy", "msgspec", "ml_dtypes")
HEAD = """\
# The published comparison

Made by `python -m tox -e publish`. [index.html](index.html) is the same on one page, with the evidence for every
cell. Also here:

* [findings/](findings/README.md): what was found, each as a script of the framework's own API.
* [compare/](compare/comparison.md): why PyTorch's and Keras' outputs differ, and code that carries a trained layer
  from each to the other, verified. The same for any two: `bnconf compare A B`.
* [cases/](cases): every failure's smallest case, to replay, and as a script.

What has an environment of its own, and the programs behind `exec:`, are set up by
[environments.toml](../environments.toml); to judge or replay one elsewhere, see
[frameworks](../../docs/frameworks.md).

"""


class Memory:
    """The most memory that a process and all it started held resident at a time: the sum over them, looked up every
    half second, in which a page that several share counts for each. Linux alone tells.
    """

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._root, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> str:
        self._over.set()
        self._thread.join()
        if not self.most:
            return "Peak memory is not known, since the system does not tell."
        return (
            f"Peak memory: {self.most / 2**30:.1f} GiB resident, the sum over the suite and its workers, sampled "
            "every half second; a page that several of them share counts for each."
        )

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self.most = max(self.most, self._resident())

    def _resident(self) -> int:
        pages: dict[int, int] = {}
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:  # The name of a process, in parentheses, may hold anything.
                fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            pid = int(stat.parent.name)
            pages[pid] = int(fields[21])
            children.setdefault(int(fields[1]), []).append(pid)
        family = [self._root]
        for pid in family:
            family += children.get(pid, [])
        return sum(pages.get(pid, 0) for pid in family) * os.sysconf("SC_PAGE_SIZE")


def environment(folder: Path, requirements: list[str]) -> bool:
    """Make a virtual environment with what a worker needs and what else is required."""
    pinned = [each for each in requirements if "==" in each]
    own = {each.partition("==")[0] for each in pinned}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [each for each in lines if each.partition("==")[0] not in own]
    venv.create(folder, with_pip=True)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join([*kept, *pinned]), encoding="utf-8")
    # The second is for what builds a package, in newer versions of pip.
    within = dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), str(constraints))
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *WORKER, *requirements]
    done = subprocess.run(pip, env={**os.environ, **within}, check=False)
    return done.returncode == 0


def prepared(asked: list[str], folder: Path) -> list[str]:
    """Set up what is asked for and has an environment of its own; arguments that say where it is."""
    table = tomllib.loads((ROOT / "reports" / "environments.toml").read_text(encoding="utf-8"))
    options = []
    for name, requirements in table["python"].items():
        if name in asked and environment(folder / name, requirements):
            options += ["--python", f"{name}={folder / name}"]
    programs = folder / "bin"
    programs.mkdir()
    for name, command in table["programs"].items():
        if name in asked:
            subprocess.run(
                ["sh", "-c", command], cwd=ROOT, env={**os.environ, "BIN": str(programs)}, check=False
            )
    os.environ["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    return options


def main(*arguments: str) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as environments:
        made = Path(folder)
        options = prepared(list(arguments), Path(environments))
        bnconf = [sys.executable, "-m", "conformance"]
        tracked = ["--baseline", str(ROOT / "reports" / "known.toml")]
        with subprocess.Popen(
            [*bnconf, "run", "--exit-zero", *arguments, *options, *tracked, "-o", folder]
        ) as run:
            memory = Memory(run.pid)
            status = run.wait()
            peak = memory.stop()
        if status:
            sys.exit(status)
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
                name, text = "README.md", f"{HEAD}{peak}\n\n{text.replace('# ', '## ', 1)}"
            target = PUBLISHED / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    print(peak)


if __name__ == "__main__":
    main(*sys.argv[1:])
