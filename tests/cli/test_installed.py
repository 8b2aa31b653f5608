"""What is installed, by the metadata alone: what ``bnconf list`` shows, what is judged unasked, and every hint."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from conformance.cli import main
from conformance.running.campaign import TaskResult
from conformance.worker import packages
from conformance.worker.locate import registered
from conformance.worker.packages import needs, remedy

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
POINTS: dict[str, str] = PROJECT["entry-points"]["batchnorm_conformance.implementations"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]

#: What the hint of an id has to name: the packages of the narrowest extra that brings all it needs. An id that is not
#: here has the extra that its entry point names.
NARROWEST = {
    "torch": ("torch", "torch-functional", "torch-channels-last", "torch-script", "torch-compile", "torch-export",
              "torch-vmap", "torch-lazy"),
    "torch-onnx": ("torch-onnx",),
    "torch,keras": ("keras-torch",),
    "keras": ("keras-numpy",),
    "tensorflow": ("tensorflow", "tensorflow-fused", "tensorflow-xla", "keras-tensorflow", "keras-tensorflow-jit",
                   "keras-tensorflow-sync", "keras-tensorflow-renorm"),
    "jax": ("keras-jax", "keras-jax-jit"),
    "flax": ("flax-linen", "flax-linen-jit", "flax-linen-two-pass", "flax-linen-two-pass-jit", "flax-nnx",
             "flax-nnx-jit"),
    "haiku": ("haiku", "haiku-jit"),
    "equinox": ("equinox", "equinox-jit", "equinox-ema", "equinox-ema-jit"),
    "onnx": ("onnx-reference", "onnx-reference-9", "onnxruntime", "onnxruntime-9"),
    "openvino": ("openvino", "openvino-onnx"),
    "mlx": ("mlx",),
    "paddle": ("paddle",),
    "litert": ("litert",),
    "mindspore": ("mindspore",),
    "tinygrad": ("tinygrad",),
    "sonnet": ("sonnet", "sonnet-cross-replica"),
    "tf-keras": ("tf-keras", "tf-keras-renorm", "tf-keras-sync"),
}  # fmt: skip
APART = ("chainer", "mxnet")
HINTED = {id: extra for extra, ids in NARROWEST.items() for id in ids}
HINTED |= {
    id: point.partition("[")[2].strip("]")
    for id, point in POINTS.items()
    if id not in HINTED and id not in (*APART, "reference")
}


def bnconf(*arguments: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(main, arguments)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make it look as if these packages alone were installed."""

    def pretend(**versions: str) -> None:
        there = {"batchnorm-conformance": "0.1.0"} | {k.replace("_", "-"): v for k, v in versions.items()}
        monkeypatch.setattr(packages, "_version", there.get)

    return pretend


class TestHints:
    def test_every_id_has_one(self) -> None:
        assert HINTED.keys() | {*APART, "reference"} == set(POINTS) == set(registered())

    @pytest.mark.parametrize(("id", "extra"), HINTED.items())
    def test_names_the_packages_of_the_narrowest_extra(self, id: str, extra: str) -> None:
        wanted = [line for each in extra.split(",") for line in EXTRAS[each]]
        said = remedy("whatever", id)
        assert said.startswith("not installed: pip install ")
        assert sorted(shlex.split(said.partition("pip install ")[2])) == sorted(wanted)

    @pytest.mark.parametrize("id", APART)
    def test_says_what_no_extra_brings(self, id: str) -> None:
        assert remedy(id, id) == (
            f"not installed: install {id} in an environment of its own, for --python: docs/frameworks.md"
        )

    @pytest.mark.parametrize(
        ("package", "named"),
        [
            ("torch", "'torch>=2.3'"),
            ("sonnet", "'dm-sonnet>=2.0.2' 'tensorflow>=2.16'"),
            ("ai_edge_litert", "'ai-edge-litert>=2.0'"),
            ("tf_keras", "'tf-keras>=2.16'"),
            ("mlx", "'mlx[cpu]>=0.26'"),
            ("paddle", "'paddlepaddle>=3.0'"),
        ],
    )
    def test_of_what_is_not_registered_are_by_the_missing_package(self, package: str, named: str) -> None:
        assert remedy(package, "mine.py:Layer") == f"not installed: pip install {named}"

    def test_of_what_nobody_knows_name_the_package(self) -> None:
        assert (
            remedy("nobody_has", "mine.py:Layer") == "not installed: it needs the Python package nobody_has"
        )


class TestNeeds:
    def test_a_version_that_is_too_old_will_not_do(self, only: Any) -> None:
        only(torch="2.2.0")
        assert not needs()["torch"].installed
        only(torch="2.3.0+cpu")
        assert needs()["torch"].installed and needs()["torch"].versions() == {"torch": "2.3.0+cpu"}

    def test_every_package_has_to_be_there(self, only: Any) -> None:
        only(torch="2.9")
        assert not needs()["keras-torch"].installed
        only(torch="2.9", keras="3.9")
        assert needs()["keras-torch"].installed

    def test_a_build_for_one_device_is_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def only_cpu(name: str) -> str:
            if name == "tensorflow-cpu":
                return "2.18.0"
            raise PackageNotFoundError(name)

        monkeypatch.setattr(packages, "version", only_cpu)
        packages._version.cache_clear()
        try:
            assert packages._version("tensorflow") == "2.18.0"
        finally:
            packages._version.cache_clear()

    def test_what_is_registered_is_named_without_its_extras(self) -> None:
        assert registered()["torch-onnx"] == "conformance.implementations.torch_onnx:TorchOnnx"
        assert not [value for value in registered().values() if "[" in value or " " in value]


class TestList:
    def test_shows_what_is_installed_first_with_its_version(self, only: Any) -> None:
        only(torch="2.9.1", keras="3.9")
        above, below = bnconf("list").output.split("Not installed\n")
        lines = dict(line.split(None, 1) for line in above.splitlines()[1:] if line)
        assert above.startswith("Installed\n")
        assert lines["torch-lazy"] == "torch 2.9.1" and lines["reference"] == "batchnorm-conformance 0.1.0"
        assert set(lines["keras-torch"].split(", ")) == {"torch 2.9.1", "keras 3.9"}
        assert "  pip install 'mlx[cpu]>=0.26'\n      mlx\n" in below and "torch-lazy" not in below

    def test_shows_every_id_once_and_whole_at_any_width(self, only: Any) -> None:
        only()
        shown = {bnconf("list", columns=columns).output for columns in (40, 80, 200)}
        (text,) = shown
        words = text.replace(",", " ").split()
        blocks = [line for line in text.splitlines() if not line.startswith("  pip")]
        for id in POINTS:
            assert id in words, id
            assert id in APART or " ".join(blocks).replace(",", " ").split().count(id) == 1, id
        assert "…" not in text

    def test_groups_what_is_missing_by_what_brings_it(self, only: Any) -> None:
        only()
        assert (
            "  pip install 'torch>=2.3'\n"
            "      torch, torch-channels-last, torch-compile,\n"
            "      torch-export, torch-functional, torch-lazy,\n"
            "      torch-script, torch-vmap\n"
        ) in bnconf("list").output

    def test_as_data(self, only: Any) -> None:
        only(torch="2.9.1")
        every = {each["id"]: each for each in json.loads(bnconf("list", "--json").output)}
        assert list(every) == sorted(POINTS)
        assert every["torch"] == {
            "id": "torch",
            "installed": True,
            "extras": ["torch"],
            "versions": {"torch": "2.9.1"},
            "remedy": None,
        }
        assert every["mlx"]["remedy"] == "pip install 'mlx[cpu]>=0.26'" and not every["mlx"]["installed"]

    def test_start_shows_what_those_declare(self, only: Any) -> None:
        only()
        (reference,) = [
            each for each in json.loads(bnconf("list", "--json", "--start").output) if each["installed"]
        ]
        assert reference["id"] == "reference" and "float32" in reference["capabilities"]["dtypes"]
        said = bnconf("list", "--start").output
        assert "; float32, float64, float16, bfloat16; ranks 2 to 5; training, gradients" in said


class TestOtherDistributions:
    """Those of others register implementations too, with extras of their own."""

    @pytest.fixture
    def listed(self, tmp_path: Path) -> Any:
        about = tmp_path / "their_norms-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: their-norms\nVersion: 1.0\nProvides-Extra: of-theirs\n"
            "Requires-Dist: click\nRequires-Dist: a-framework[cpu]>=2; extra == 'of-theirs'\n"
        )
        (about / "entry_points.txt").write_text(
            "[batchnorm_conformance.implementations]\ntheirs = norms:Norm [of-theirs]\nplain = norms:Norm\n"
        )

        def listed() -> dict[str, Any]:
            done = subprocess.run(
                [sys.executable, "-m", "conformance", "list", "--json"],
                env={**os.environ, "PYTHONPATH": str(tmp_path)},
                capture_output=True,
                text=True,
                check=True,
            )
            return {each["id"]: each for each in json.loads(done.stdout)}

        return listed

    def test_need_what_their_extras_bring(self, listed: Any, tmp_path: Path) -> None:
        theirs = listed()["theirs"]
        assert not theirs["installed"] and theirs["remedy"] == "pip install 'a-framework[cpu]>=2'"
        about = tmp_path / "a_framework-2.1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: a-framework\nVersion: 2.1\n")
        theirs = listed()["theirs"]
        assert theirs["installed"] and theirs["versions"] == {"a-framework": "2.1"}

    def test_without_extras_are_installed_by_being_there(self, listed: Any) -> None:
        assert listed()["plain"]["installed"] and listed()["plain"]["versions"] == {"their-norms": "1.0"}


class TestRun:
    @pytest.fixture
    def judged(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The names that would be judged."""
        names: list[str] = []

        def run_all(given: list[str], *_: Any, **__: Any) -> tuple[list[TaskResult], bool]:
            names.extend(given)
            return [], False

        main.commands["run"]  # imports it
        monkeypatch.setattr("conformance.cli.run.run_all", run_all)
        return names

    def test_of_nothing_says_what_to_do(self, only: Any, judged: list[str]) -> None:
        only()
        done = bnconf("run")
        assert done.exit_code == 3 and judged == []
        for said in ("no framework is installed", "bnconf init my_norm.py", "bnconf list"):
            assert said in done.output

    def test_judges_what_is_installed(self, only: Any, judged: list[str]) -> None:
        only(flax="0.12.1")
        bnconf("run")
        assert judged == [id for id in sorted(POINTS) if id.startswith("flax") or id == "reference"]

    def test_judges_what_has_an_interpreter_of_its_own(self, only: Any, judged: list[str]) -> None:
        only()
        bnconf("run", "--python", f"mxnet={sys.executable}")
        assert judged == ["mxnet", "reference"]

    def test_judges_what_is_named_whatever_is_installed(self, only: Any, judged: list[str]) -> None:
        only()
        bnconf("run", "reference")
        assert judged == ["reference"]


def test_this_environment_is_what_pip_says_it_is() -> None:
    assert needs()["reference"].versions() == {"batchnorm-conformance": version("batchnorm-conformance")}
