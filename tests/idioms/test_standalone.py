"""Failures as scripts of the framework's own API: run as they are, they show what the report says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.idioms.filling import filled
from conformance.idioms.standalone import standalone
from conformance.implementation import Capabilities, Idiom, LayerConfig
from conformance.judging.place import Place, locate
from conformance.judging.verdict import Verdict, failed
from conformance.protocol.messages import Answer, Backward, Build, Forward, Load, Observation, Parameters
from conformance.results.model import Report
from tests.conftest import HANGS, Command, first_of_each, first_word, need

FRAMEWORKS = {
    "keras-tensorflow": ("degenerate.empty",),
    "keras-torch": ("forward.training", "gradient.gamma", "degenerate.empty", "numerics.variance"),
    "keras-jax": ("numerics.double",),
    "tensorflow": ("shape.wrong-size",),
    "torch": ("degenerate.zero-epsilon", "numerics.half", "session.gradient"),
    "torch-functional": ("degenerate.zero-epsilon",),
}


def printed(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    command = [sys.executable, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS, check=False, cwd=folder)


@pytest.mark.parametrize("name", first_of_each(FRAMEWORKS, first_word))
def test_scripts_show_the_failure_without_the_suite(bnconf: Command, tmp_path: Path, name: str) -> None:
    need(name)
    wanted = FRAMEWORKS[name]
    patterns = [part for requirement in wanted for part in ("-r", requirement)]
    bnconf(
        "run", name, *patterns, "--timeout", str(HANGS), "--max-examples", "25", "--exit-zero", "-o", "out"
    )
    report = Report.from_json((tmp_path / "out" / "report.json").read_bytes())
    for requirement in wanted:
        result = report.result(name, requirement)
        assert result is not None and result.outcome.failing, (name, requirement)
        failure = result.counterexample
        assert failure is not None and failure.script is not None, (name, requirement)
        written = tmp_path / "out" / "cases" / name / f"{requirement}.py"
        assert written.read_text() == failure.script
        assert "conformance" not in failure.script
        done = printed(failure.script, tmp_path)
        if failure.actual is None or failure.index is None:
            assert done.stdout or "Error" in done.stderr
            continue
        assert done.returncode == 0, done.stderr
        found = re.search(r" is (\S+)", done.stdout.splitlines()[-1])
        assert found is not None, done.stdout
        assert float(found[1]) == pytest.approx(failure.actual, rel=1e-2, nan_ok=True), failure.script


IDIOM = Idiom(
    setup="import mine",
    build="$layer = mine.Layer($n, $epsilon)",
    apply="y = $layer($x, $training)",
    differentiate="y, dx, dgamma, dbeta = $layer.both($x, $dy)",
    get=(("running_mean", "$layer.mean"),),
    set=(("gamma", "$layer.gamma = $value"),),
)
CONFIG = LayerConfig((2, 1), 1, "float32")
ONE, TWO = np.array([[1.0], [2.5]], np.float32), np.array([[3.0], [4.0]], np.float32)


def written(script: tuple[object, ...], place: Place | None, **more: object) -> str:
    text = standalone(IDIOM, Capabilities(), script, place, about="what it shows", **more)  # type: ignore[arg-type]
    assert text is not None
    return text


def test_other_layers_and_later_calls_are_left_out() -> None:
    script = (
        Build(CONFIG),
        Build(CONFIG, layer=1),
        Load({"gamma": np.array([2.0], np.float32)}),
        Forward(TWO, True, layer=1),
        Forward(ONE, True),
        Forward(TWO, True),
    )
    text = written(script, Place(4, "y"), index=(1, 0), expected=0.25)
    assert text == (
        "# what it shows\nimport mine\n\nlayer = mine.Layer(1, 1e-05)\n"
        "layer.gamma = np.array([2.0], np.float32)\nx = np.array([[1.0], [2.5]], np.float32)\n"
        'y = layer(x, True)\nprint("y[1, 0] is", float(y[1, 0]), "and should be", 0.25)\n'
    )


def test_a_gradient_is_differentiated_and_a_statistic_is_read() -> None:
    script = (Build(CONFIG), Forward(ONE, True), Backward(TWO))
    text = written(script, Place(2, "gamma"), index=(0,), expected=1.0)
    assert "y, dx, dgamma, dbeta = layer.both(x, dy)" in text
    assert text.endswith('print("dgamma[0] is", float(dgamma[0]), "and should be", 1.0)\n')
    between = (Build(CONFIG), Forward(ONE, True), Parameters(), Backward(TWO))
    assert written(between, Place(3, "gamma"), index=(0,), expected=1.0) == text
    script_ = (Build(CONFIG), Forward(ONE, True), Parameters())
    text = written(script_, Place(2, "running_mean"), index=(0,), expected=None)
    assert text.endswith(
        'running_mean = np.ravel(layer.mean)\nprint("running_mean[0] is", float(running_mean[0]))\n'
    )


def test_features_are_moved_to_where_the_framework_wants_them() -> None:
    can = Capabilities(axes=(1,), moves_axis=True)
    config = LayerConfig((3, 2), 0, "float32")
    script = (Build(config), Forward(np.arange(6, dtype=np.float32).reshape(3, 2), True))
    text = standalone(IDIOM, can, script, Place(1, "y"), about="", index=(2, 1), expected=0.0)
    assert text is not None
    assert "x = np.moveaxis(x, 0, 1)" in text
    assert "y[1, 2]" in text


def test_what_has_no_short_form_has_no_script() -> None:
    unknown = (Build(CONFIG), Load({"beta": np.zeros(1, np.float32)}), Forward(ONE, True))
    assert standalone(IDIOM, Capabilities(), unknown, None, about="") is None
    huge = (Build(CONFIG), Forward(np.random.default_rng(0).random((1 << 15, 1)), True))
    assert standalone(IDIOM, Capabilities(), huge, None, about="") is None


def test_many_numbers_are_packed_and_equal_ones_are_not_repeated() -> None:
    numbers = np.random.default_rng(0).random((500, 1)).astype(np.float32)
    text = written((Build(CONFIG), Forward(numbers, True)), None)
    line = text.partition("x = ")[2].partition("\ny = ")[0]
    namespace: dict[str, object] = {"np": np}
    exec("import base64, zlib\nx = " + line, namespace)
    assert np.array_equal(namespace["x"], numbers)  # type: ignore[arg-type]
    assert "np.full((500, 1), 0.1, np.float32)" in written(
        (Build(CONFIG), Forward(np.full((500, 1), 0.1, np.float32), True)), None
    )


def test_what_raises_is_told_and_shows_nothing() -> None:
    text = written((Build(CONFIG), Forward(ONE, True, may_raise=True)), None)
    assert text.endswith(
        'try:\n    y = layer(x, True)\n    print("y =", y)\n'
        'except Exception as error:\n    print("raised", repr(error))\n'
    )


def test_words_about_it_cannot_leave_their_comment() -> None:
    text = standalone(
        IDIOM, Capabilities(), (Build(CONFIG),), None, about="one\nimport os; os.remove('x')\r\x0bprint()"
    )
    assert text is not None
    assert all(line.startswith(("#", "import mine", "layer =")) or not line for line in text.splitlines())


def test_a_name_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="momentun"):
        filled("$layer.$momentun", "layer", CONFIG, {})


def test_a_failure_is_located_by_the_value_it_speaks_of() -> None:
    y = np.array([[1.0], [7.0]])
    script = (Build(CONFIG), Forward(ONE, True), Forward(TWO, True))
    observation = Observation(script, (Answer(), Answer(arrays={"y": ONE}), Answer(arrays={"y": y})))
    assert locate(observation, failed("", index=(1, 0), actual=7.0)) == Place(2, "y")
    assert locate(observation, failed("", index=(1, 0), actual=8.0)) is None
    assert locate(observation, failed("", call=1)) == Place(1, "y")
    verdict: Verdict = failed("")
    assert locate(observation, verdict) is None


def test_a_script_without_idiom_is_none(bnconf: Command, wrong: object, tmp_path: Path) -> None:
    bnconf("run", wrong("Scalar"), "-r", "shape.gamma", "-o", "out")  # type: ignore[operator]
    (result,) = json.loads((tmp_path / "out" / "report.json").read_text())["results"]
    assert result["counterexample"]["script"] is None
