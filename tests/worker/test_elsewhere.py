"""An implementation in another Python interpreter, and on another device than the CPU.

The interpreter is a virtual environment that has NumPy and msgspec, linked from this one, and nothing else.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import venv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import conformance
from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import Capabilities
from conformance.protocol.messages import Answer, Build, Parameters, Raised
from conformance.requirements.probes import training
from conformance.results import model
from conformance.results.build import build
from conformance.running.campaign import Settings, Task, run_task
from conformance.worker.client import Worker
from conformance.worker.interpreter import executable
from conformance.worker.process import CannotStart, NotDeclared
from tests.conftest import Command

ROOT = Path(conformance.__file__).parents[1]
CASE = Case((4, 3), 1)


def environment(folder: Path, *packages: str) -> Path:
    """A virtual environment that has those packages of this one."""
    venv.create(folder, symlinks=True)
    python = Path(executable(str(folder)))
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    target = Path(subprocess.check_output([python, "-c", where], text=True).strip())
    for package in packages:
        found = importlib.util.find_spec(package)
        assert found is not None and found.origin is not None
        source = Path(found.origin).parent
        for part in (source, source.with_name(f"{package}.libs")):
            if part.is_dir():
                (target / part.name).symlink_to(part)
    return folder


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("elsewhere") / "sparse", "numpy", "msgspec")


ADAPTER = """
import importlib.util, sys
import numpy as np
from conformance.implementation import Capabilities

class Layer:
    def __init__(self, config):
        self.config = config

    def parameters(self):
        return {name: np.array(importlib.util.find_spec(name) is not None) for name in
                ("numpy", "conformance", "reference", "pytest", "only_in_the_suite")}

    def load(self, parameters): ...

    def forward(self, x, *, training):
        return x

class Where:
    name, version = "where", sys.prefix
    capabilities = Capabilities(devices=("cpu", "pretend:0"))

    def build(self, config):
        if config.device == "pretend:0":
            raise RuntimeError("built on pretend:0")
        return Layer(config)
"""


@pytest.fixture
def adapter(tmp_path: Path) -> str:
    (tmp_path / "where.py").write_text(ADAPTER)
    return f"{tmp_path / 'where.py'}:Where"


class TestInterpreter:
    def test_numpy_and_msgspec_are_enough_there(self, bnconf: Command, sparse: Path) -> None:
        done = bnconf("run", "reference", "--python", f"reference={sparse}", "--max-examples", "4")
        assert done.returncode == 0, done.stderr
        assert "everything holds" in done.stdout

    def test_bfloat16_is_not_declared_where_there_is_no_package_for_it(self, sparse: Path) -> None:
        with Worker("reference", python=executable(str(sparse))) as there, Worker("reference") as here:
            assert "bfloat16" not in there.identity.capabilities.dtypes
            assert "bfloat16" in here.identity.capabilities.dtypes

    def test_bfloat16_sent_there_is_an_error_that_says_what_to_install(self, sparse: Path) -> None:
        case = replace(CASE, dtype="bfloat16")
        with Worker("reference", python=executable(str(sparse))) as worker:
            script = training.script(case, realise(case), worker.identity.capabilities)
            raised = worker.run(script).answers[0]
        assert isinstance(raised, Raised)
        assert "-m pip install ml_dtypes" in raised.text and str(sparse) in raised.text

    def test_it_runs_there_and_sees_that_environment_alone(
        self, sparse: Path, adapter: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", str(Path(pytest.__file__).parents[1]))
        with Worker(adapter, python=executable(str(sparse))) as worker:
            assert worker.identity.version == str(sparse)
            answer = worker.run((Build(CASE.config()), Parameters())).answers[1]
        assert isinstance(answer, Answer)
        seen = {name for name, value in answer.arrays.items() if value}
        assert seen == {"numpy", "conformance", "reference"}

    def test_no_neighbour_of_the_installed_suite_leaks_in(
        self, sparse: Path, adapter: str, tmp_path: Path
    ) -> None:
        """As where the suite is installed in the folder of all packages."""
        site = tmp_path / "site-packages"
        for package in ("conformance", "reference"):
            shutil.copytree(ROOT / package, site / package)
        (site / "only_in_the_suite.py").touch()
        program = f"""
import sys; sys.path.insert(0, {str(site)!r})
import only_in_the_suite
from conformance.cases.case import Case
from conformance.protocol.messages import Build, Parameters
from conformance.worker.client import Worker
assert Worker.__init__.__code__.co_filename.startswith({str(site)!r})
with Worker({adapter!r}, python={executable(str(sparse))!r}) as worker:
    seen = worker.run((Build(Case((4, 3), 1).config()), Parameters())).answers[1].arrays
print(*(name for name in seen if seen[name]))
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["numpy", "conformance", "reference"], done.stderr

    def test_what_is_missing_there_is_named_with_the_command_to_install_it(
        self, bnconf: Command, tmp_path: Path
    ) -> None:
        bare = environment(tmp_path / "bare", "numpy")
        done = bnconf("run", "reference", "--python", f"reference={bare}")
        assert done.returncode == 3
        said = " ".join(done.stderr.split())
        assert f"lacks msgspec, which a worker needs: {executable(str(bare))} -m pip install msgspec" in said

    def test_a_package_of_the_implementation_is_looked_for_there(self, sparse: Path, tmp_path: Path) -> None:
        (tmp_path / "tests_it.py").write_text("import pytest\n")
        with pytest.raises(CannotStart, match=f"No module named 'pytest' \\(in {sparse}"):
            Worker(f"{tmp_path / 'tests_it.py'}:Any", python=executable(str(sparse)))

    def test_what_is_no_python_is_no_interpreter(self) -> None:
        with pytest.raises(CannotStart, match="is no Python interpreter"):
            Worker("reference", python=shutil.which("true"))

    @pytest.mark.parametrize(
        ("pair", "said"),
        [
            ("reference", "--python takes ID=PATH"),
            ("torch=.", "--python names 'torch', which is not judged; judged are reference"),
            ("reference=.", "no Python interpreter at '.'"),
            ("reference=nowhere", "no Python interpreter at 'nowhere'"),
        ],
    )
    def test_wrong_usage_is_2_and_says_what_was_expected(self, bnconf: Command, pair: str, said: str) -> None:
        done = bnconf("run", "reference", "--python", pair)
        assert done.returncode == 2
        assert said in done.stderr


class TestDevice:
    def test_a_layer_is_built_on_the_device_asked_for(self, adapter: str) -> None:
        script = training.script(CASE, realise(CASE), Capabilities())
        with Worker(adapter, device="pretend:0") as worker:
            raised = worker.run(script).answers[0]
        assert isinstance(raised, Raised) and raised.text == "built on pretend:0"
        with Worker(adapter) as worker:
            y = worker.run(script).answers[2]
        assert isinstance(y, Answer) and np.array_equal(y.arrays["y"], realise(CASE).x)

    def test_one_that_is_not_declared_is_named_with_those_that_are(self, adapter: str) -> None:
        with pytest.raises(NotDeclared, match="declares no device 'cuda'; it declares cpu, pretend:0"):
            Worker(adapter, device="cuda")

    def test_the_report_tells_which_are_declared(self, adapter: str) -> None:
        settings = Settings(("shape.gamma",), ("float32",), 4, device="pretend:0")
        report = build([run_task(Task(adapter, settings))], settings, started=0, seconds=0)
        capabilities = model.Report.from_json(report.to_json()).implementations[0].capabilities
        assert capabilities is not None and capabilities.devices == ("cpu", "pretend:0")
        assert "built on pretend:0" in report.results[0].message

    def test_asked_for_by_name_it_could_not_be_started(self, bnconf: Command) -> None:
        done = bnconf("run", "reference", "--device", "abacus")
        assert done.returncode == 3
        assert "reference: declares no device 'abacus'; it declares cpu" in " ".join(done.stderr.split())
