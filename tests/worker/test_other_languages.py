"""The examples in other languages speak the protocol and are judged, as a stranger's program would be."""

from __future__ import annotations

import io
import json
import random
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.implementation import LayerConfig
from conformance.protocol.codec import decode_reply, encode
from conformance.protocol.messages import Build
from conformance.worker import framing
from tests.conftest import HANGS, Command
from tests.worker.test_fuzz import blob, exchanged, nested, spoilt

EXAMPLES = Path(__file__).parents[2] / "examples"
TEMPLATES = Path(__file__).parents[2] / "conformance" / "templates"


def judged(bnconf: Command, program: str, folder: Path, *options: str) -> dict[str, Any]:
    """The report on a program, and the exit status under ``status``."""
    ran = bnconf("run", program, "-o", str(folder), *options)
    assert ran.returncode in (0, 1), ran.stderr
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report | {"status": ran.returncode}


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {each["requirement"]: each["outcome"] for each in report["results"]}


def compiled(target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("needs a C++ compiler on the path: c++, g++ or clang++")
    source = TEMPLATES / "batch_norm.cpp"
    command = [compiler, "-std=c++17", *options, str(source), "-o", str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def cpp(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("cpp") / "batch_norm"
    built = compiled(target, "-O2", "-Wall", "-Wextra", "-Werror")
    assert built.returncode == 0, built.stderr
    return f"exec:{shlex.quote(str(target))}"


@pytest.fixture(scope="module")
def tensorflow_js(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Installed as its lock file says, in a copy."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs Node.js 18 or later with npm on the path")
    copy = tmp_path_factory.mktemp("js") / "tensorflow-js"
    shutil.copytree(EXAMPLES / "tensorflow-js", copy, ignore=shutil.ignore_patterns("node_modules"))
    command = [npm, "ci", "--no-audit", "--no-fund"]
    installed = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=HANGS, check=False)
    if installed.returncode != 0:
        pytest.skip(f"needs npm to reach a registry, for npm ci: {installed.stderr[-500:]}")
    return f"exec:{shlex.join([node, str(copy / 'adapter.js')])}"


class TestCpp:
    def test_speaks_the_protocol(self, bnconf: Command, cpp: str) -> None:
        ran = bnconf("protocol-check", cpp)
        assert ran.returncode == 0, ran.stdout

    def test_everything_holds(self, bnconf: Command, cpp: str, tmp_path: Path) -> None:
        """MUST and SHOULD, in float32 and float64."""
        report = judged(bnconf, cpp, tmp_path / "out", "--max-examples", "10", "--strict")
        failing = {name for name, outcome in outcomes(report).items() if outcome in BAD}
        assert (report["status"], failing) == (0, set())
        tried = {
            d for r in report["results"] for d, each in r["by_dtype"].items() if each["outcome"] == "pass"
        }
        assert tried == {"float32", "float64"}

    def test_survives_spoilt_requests(self, tmp_path: Path) -> None:
        """Each gets a reply, and neither memory nor arithmetic goes wrong: sanitizers watch."""
        target, sanitizers = tmp_path / "batch_norm", "-fsanitize=address,undefined"
        built = compiled(target, "-O1", sanitizers, "-fno-sanitize-recover=all")
        if built.returncode != 0:
            pytest.skip(f"needs a C++ compiler that has {sanitizers}: {built.stderr[-300:]}")
        chance = random.Random(0)
        made = [encode(Build(LayerConfig((4, 3, 2), -2, "float32")))]
        made += [chance.choice([spoilt, exchanged, nested, blob])(chance) for _ in range(5000)]
        stream = b"".join(map(framing.frame, made))
        ran = subprocess.run([str(target)], input=stream, capture_output=True, timeout=HANGS, check=False)
        assert (ran.returncode, ran.stderr) == (0, b""), ran.stderr[-2000:]
        replies = io.BytesIO(ran.stdout)
        seen = [type(decode_reply(framing.read(replies) or b"")).__name__ for _ in made]
        assert replies.read() == b"" and set(seen) == {"Identity", "Answer", "Raised"}


@pytest.fixture
def js() -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js 18 or later on the path")
    return f"exec:{shlex.join([node, str(TEMPLATES / 'batch_norm.js')])}"


class TestJavaScript:
    def test_speaks_the_protocol(self, bnconf: Command, js: str) -> None:
        ran = bnconf("protocol-check", js)
        assert ran.returncode == 0, ran.stdout

    @pytest.mark.parametrize("asked", ["forward.*", pytest.param("*", marks=pytest.mark.thorough)])
    def test_everything_holds(self, bnconf: Command, js: str, tmp_path: Path, asked: str) -> None:
        report = judged(bnconf, js, tmp_path / "out", "-r", asked, "--max-examples", "8", "--strict")
        failing = {name for name, outcome in outcomes(report).items() if outcome in BAD}
        assert (report["status"], failing) == (0, set())


BAD = ("fail", "error", "crash", "timeout")


class TestTensorFlowJs:
    def test_speaks_the_protocol(self, bnconf: Command, tensorflow_js: str) -> None:
        ran = bnconf("protocol-check", tensorflow_js)
        assert ran.returncode == 0, ran.stdout

    @pytest.mark.thorough
    def test_what_its_readme_says_is_what_is_found(
        self, bnconf: Command, tensorflow_js: str, tmp_path: Path
    ) -> None:
        """The versions are locked, so the verdicts stand."""
        found = outcomes(judged(bnconf, tensorflow_js, tmp_path / "out", "--max-examples", "10"))
        defects = {
            "forward.axis": "fail",  # wrong numbers along any axis but the last
            "gradient.input": "error",  # and no gradient there
            "forward.no-affine": "error",  # without scale or offset it cannot be trained
            "degenerate.empty": "fail",  # an empty batch moves the moving statistics
        }
        assert {name: found[name] for name in defects} == defects
        sound = ["shape.gamma", "shape.beta", "shape.wrong-size", "running.update", "running.extremes"]
        assert {name: found[name] for name in sound} == dict.fromkeys(sound, "pass")

    def test_lock_file_names_no_address_of_a_registry(self) -> None:
        lock = json.loads((EXAMPLES / "tensorflow-js" / "package-lock.json").read_text(encoding="utf-8"))
        assert all("resolved" not in each for each in lock["packages"].values())
        assert all("integrity" in each for name, each in lock["packages"].items() if name)
