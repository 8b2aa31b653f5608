"""``bnconf smoke``: what is wrong with an adapter, and what to do about it, in words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.smoke.smoke import Problem, smoke
from conformance.worker.client import Worker
from tests.conftest import HANGS, WAITS, need

ADAPTERS = Path(__file__).parents[1] / "broken_adapters.py"


def smoked(*arguments: str) -> tuple[int, str]:
    """The exit status, and what it says, on one line for each problem."""
    done = CliRunner().invoke(main, ["smoke", *arguments])
    return done.exit_code, " ".join(done.output.split())


def problems(name: str, timeout: float = HANGS) -> tuple[Problem, ...]:
    with Worker(f"{ADAPTERS}:{name}", timeout=timeout) as worker:
        return smoke(worker).problems


# adapter, what is wrong, what to do
BROKEN = [
    ("ReturnsATensor", "forward() returned a torch.Tensor, not a numpy.ndarray", ".detach().cpu().numpy()"),
    ("ForgetsToReturn", "forward() returned None, not a numpy.ndarray", "is a return missing?"),
    ("ReturnsATuple", "forward() returned a builtins.tuple, not a numpy.ndarray", "return the array alone"),
    ("Widens", "y is float64 for x of float32", "compute in the dtype of x"),
    (
        "KeepsTheAxisMoved",
        "y has shape (4, 3) for x of shape (3, 4)",
        "the feature axis was moved; move it back",
    ),
    ("Flattens", "y has shape (12,) for x of shape (4, 3)", "return y in the shape of x"),
    (
        "NoTrainingArgument",
        "got an unexpected keyword argument 'training'",
        "the suite calls it as forward(x, training=True)",
    ),
    (
        "ForeignNames",
        "parameters() has no gamma and no beta; it has weight, bias, running_mean, running_var",
        "return weight as gamma, bias as beta, and take them by those names in load(); the report shows your own "
        'names if you declare names=(("gamma", "weight"), ("beta", "bias"),)',
    ),
    (
        "NoStatistics",
        "parameters() has no running_mean and no running_var; it has gamma, beta",
        "if there is none, declare running=False",
    ),
    (
        "ListOfParameters",
        "parameters() returned a builtins.list, not a dict",
        "return a dict of NumPy arrays by name",
    ),
    ("LoadsNothing", "load() took gamma [", "load() has to copy what it is given into the layer"),
    ("IgnoresScale", "built with center=False it has beta all the same", "pass config.center on"),
    (
        "NoBackward",
        "'Layer' object has no attribute 'backward'",
        "give it a method backward, called as backward(dy); or do not declare gradients=True",
    ),
    (
        "GradientsInAnotherOrder",
        "backward() gives gradients of shapes x (3,), gamma (3,), beta (4, 3) for x of shape (4, 3)",
        "they are in another order: return Gradients(x, gamma, beta)",
    ),
    (
        "GammaForBeta",
        "backward() gives the gradient of beta for gamma's, and gamma's for beta's",
        "return Gradients(x, gamma, beta), in this order or by these names",
    ),
    (
        "GradientOfXAlone",
        "backward() gives no gradient of gamma and none of beta",
        "or declare gradients_of=('x',)",
    ),
    (
        "GradientNotSummed",
        "gamma (3,), beta (4, 3); beta has 3 values",
        "sum the gradient of beta over all axes but that of the features",
    ),
    (
        "ListOfGradients",
        "backward() returned a builtins.list, not Gradients",
        "return Gradients(x, gamma, beta)",
    ),
    (
        "RefusesFloat64",
        "forward() raised TypeError: expected Float but found Double",
        "float64 is declared; make it work, or take it out of dtypes in capabilities",
    ),
    (
        "RefusesRank5",
        "forward() raised ValueError: at most 4 axes",
        "5 is declared; make it work, or take it out of ranks in capabilities",
    ),
    (
        "RefusesFeaturesFirst",
        "build() raised ValueError: features come second",
        "0 is declared; make it work, or take it out of axes in capabilities",
    ),
    (
        "RefusesToLeaveOut",
        "build() raised ValueError: there is always a scale and an offset",
        'declare affine="joint" (both or neither) or "always" in capabilities',
    ),
    (
        "Raises",
        "forward() raised AttributeError: 'numpy.ndarray' object has no attribute 'undefined'",
        "make it work",
    ),
    (
        "BuildsNothing",
        "'NoneType' object has no attribute",
        "build() returned None; it has to return the layer",
    ),
    (
        "BuildTakesNothing",
        "takes 1 positional argument but 2 were given",
        "the suite calls it as build(config)",
    ),
    (
        "IsNaNAlongTheFirstAxis",
        "y[0, 0] is nan for an ordinary x",
        "0 is declared; make it work, or take it out of axes in capabilities",
    ),
    (
        "FixedEpsilon",
        "built with epsilon=0.5 it gives the y of epsilon=1e-05",
        "declare the only epsilon that it has",
    ),
    (
        "FixedMomentum",
        "built with momentum=0.5 it keeps the statistics of momentum=0.9",
        "pass config.momentum on",
    ),
    ("StatisticsStay", "a training call leaves the running mean as it was loaded", "declare running=False"),
    (
        "AlwaysTrains",
        "forward(x, training=False) gives y by the statistics of the batch",
        "pass training on",
    ),
    (
        "NeverTrains",
        "forward(x, training=True) gives y by the statistics that were loaded",
        "pass training on",
    ),
    ("NoOffset", "y is far from gamma (x - mean) / sqrt(var + epsilon) + beta: y[", "make it work"),
    (
        "TakesAnyNumberOfValues",
        "load() took a gamma of 4 values for 3 features, and forward() went on",
        "raise an error where the shape of what is loaded does not fit",
    ),
    ("UnusedMask", "a mask changes nothing", "take statistics where mask is True, or declare no mask"),
    (
        "GradientOfTrainingAlways",
        "after inference, backward() gives the gradient of training for x and gamma",
        'declare gradients="training", if it works after training calls alone',
    ),
    (
        "GradientAfterTrainingAlone",
        "backward() raised KeyError: 'cache'",
        'declare gradients="training", if it works after training calls alone',
    ),
    ("MixedInName", "parameters() gives running_mean and running_var in float16", "declare no mixed=True"),
    (
        "GradientOfAnEarlierCall",
        "after training, the gradient of x and gamma is far off: that of x at [",
        "make it that of the last call of forward",
    ),
    (
        "OutstandingInName",
        "got an unexpected keyword argument 'back'",
        "keep what the gradients of two calls need; or declare no outstanding=True",
    ),
    (
        "OutstandingOfTheLast",
        "backward(dy, back=1) does not give the gradients of the call before the last",
        "keep what the gradients of two calls need",
    ),
    (
        "FrozenInName",
        "built with frozen='statistics', forward(x, training=True) gives y by the statistics of the batch",
        "freeze what config.frozen names; or take it out of frozen in capabilities",
    ),
    (
        "SavesInName",
        "saved as json, and restored in another process: resume() raised AttributeError",
        "or take the format out of saves in capabilities",
    ),
    (
        "SavesNothing",
        "saved as json, and restored in another process: load() took gamma",
        "goes on as if nothing had happened",
    ),
    (
        "RefusesNegativeStrides",
        "forward() in training refuses x that lies in memory so: negative. ValueError: At least one stride",
        "copy it first, np.ascontiguousarray(x)",
    ),
    (
        "RefusesNegativeStridesOfDy",
        "backward() refuses dy that lies in memory so: negative. ValueError: At least one stride",
        "or declare views=False in capabilities",
    ),
    ("Crashes", "died at backward: signal SIGABRT", "the last lines it wrote say where"),
]


@pytest.mark.parametrize(("name", "wrong", "advice"), BROKEN, ids=[each[0] for each in BROKEN])
def test_a_broken_adapter_is_told_what_is_wrong_and_what_to_do(name: str, wrong: str, advice: str) -> None:
    if name == "ReturnsATensor":
        need("torch")
    found = problems(name)
    assert len(found) >= 1
    assert wrong in found[0].text
    assert advice in found[0].advice


@pytest.mark.parametrize(
    "name",
    [
        *("Widens", "ForeignNames", "RefusesFloat64", "Raises", "BuildsNothing", "Crashes"),
        *("FixedEpsilon", "FixedMomentum", "GradientAfterTrainingAlone", "RefusesNegativeStrides"),
    ],
)
def test_one_mistake_is_one_problem(name: str) -> None:
    assert len(problems(name)) == 1


NOT_STARTED = [
    ("NoBuild", "NoBuild has no attribute 'build'", "give the class a method build(self, config)"),
    ("NoVersion", "NoVersion has no attribute 'version'", "give the class a version"),
    (
        "CapabilitiesOfADict",
        "it is a dict",
        "set capabilities = Capabilities(...), from conformance",
    ),
    ("CapabilitiesNotMade", "it is a type", "write Capabilities(), with parentheses"),
    ("DtypesOfAString", "Expected `array`, got `str`", "a tuple of one is written (x,)"),
    ("DtypesOfNumPy", "cannot send a type", 'dtypes=("float32",), and not NumPy\'s own dtypes'),
    (
        "UnknownDtype",
        "capabilities.dtypes must be some of float32, float64",
        "declare what it does of what the suite",
    ),
    (
        "GradientsAfterNoCallItMakes",
        "capabilities.gradients is 'inference', but capabilities.inference is False",
        "declare what it does of what the suite",
    ),
    (
        "EpsilonThatIsNone",
        "capabilities.epsilon must be finite and >= 0, or None; it is nan",
        "declare what it does of what the suite",
    ),
    (
        "GradientsOfNothing",
        "capabilities.gradients_of must be some of x, gamma, beta",
        "declare what it does",
    ),
    (
        "NeedsArguments",
        "missing 1 required positional argument: 'features'",
        "the class is made without arguments",
    ),
    ("Sond", "has no attribute 'Sond'", "name a class it has: Sound, ReturnsATensor"),
]


@pytest.mark.parametrize(("name", "wrong", "advice"), NOT_STARTED, ids=[each[0] for each in NOT_STARTED])
def test_one_that_does_not_start_is_told_why(name: str, wrong: str, advice: str) -> None:
    status, said = smoked(f"{ADAPTERS}:{name}")
    assert status == 3
    assert "1. it could not be started: " in said and wrong in said and advice in said


SOURCES = [
    ("def broken(:\n", "SyntaxError", "source.py, line 1: def broken(:"),
    (
        "import numpy\nvalue = numpy.nothing\n",
        "AttributeError",
        "source.py, line 2, in <module>: value = numpy",
    ),
    (
        "import a_package_nobody_has\n",
        "No module named 'a_package_nobody_has'",
        "it needs the Python package",
    ),
    ("import os; os.abort()\n", "died at hello: signal SIGABRT", "has to work in a fresh process"),
]


@pytest.mark.parametrize(("source", "wrong", "advice"), SOURCES)
def test_one_that_cannot_be_imported_is_told_where(
    tmp_path: Path, source: str, wrong: str, advice: str
) -> None:
    (tmp_path / "source.py").write_text(source)
    status, said = smoked(f"{tmp_path / 'source.py'}:Any")
    assert status == 3
    assert wrong in said and advice in said
    assert "Traceback" not in said


class TestSaid:
    def test_one_in_order_is_ready_to_run(self) -> None:
        status, said = smoked(f"{ADAPTERS}:Sound")
        assert status == 0
        assert "declares float32, float64; ranks 2, 3, 4, 5; feature axis any; training, inference" in said
        assert said.endswith(f"ready: bnconf run {ADAPTERS}:Sound")

    def test_one_whose_gradients_work_after_training_alone_and_says_so_is_ready(self) -> None:
        status, said = smoked(f"{ADAPTERS}:GradientAfterTrainingAloneAsDeclared")
        assert status == 0 and "gradients after training" in said

    def test_one_that_declares_what_it_has_alone_is_ready(self) -> None:
        status, said = smoked(f"{ADAPTERS}:HasItsOwn")
        assert status == 0
        assert "gradients of x, parameters, running, epsilon 0.001 alone, momentum 0.9 alone" in said

    @pytest.mark.parametrize("name", ["torch", "torch-functional", "keras-numpy"])
    def test_so_are_those_of_frameworks(self, name: str) -> None:
        need(name)
        assert smoked(name)[0] == 0

    def test_a_problem_has_its_line_its_settings_and_advice(self) -> None:
        status, said = smoked(f"{ADAPTERS}:Raises")
        assert status == 1
        assert "at broken_adapters.py, line " in said
        assert "in forward: return super().forward(x.undefined, training=training)" in said
        assert "for float32, x of shape (4, 3), axis 1 in every setting -> make it work" in said
        assert "ready" not in said

    def test_where_it_shows_in_some_settings_they_are_counted(self) -> None:
        assert "for float64, x of shape (4, 3), axis 1 alone" in smoked(f"{ADAPTERS}:RefusesFloat64")[1]

    def test_what_it_prints_is_a_note(self) -> None:
        status, said = smoked(f"{ADAPTERS}:Prints")
        assert status == 0
        assert "note: it printed, which does no harm but takes time: mean of x: " in said

    def test_one_that_hangs_is_not_waited_for_twice(self) -> None:
        status, said = smoked(f"{ADAPTERS}:Hangs", "--timeout", str(WAITS))
        assert status == 1
        assert "no answer to forward within 3 s" in said and "the rest was not tried" in said
        assert said.count("no answer") == 1

    def test_wrong_usage_is_2(self) -> None:
        status, said = smoked("nothing")
        assert status == 2 and "no implementation 'nothing'" in said
        status, said = smoked("reference", "--python", "nowhere")
        assert status == 2 and "no Python interpreter at 'nowhere'" in said

    def test_in_another_interpreter_it_is_ready_to_run_there(self) -> None:
        status, said = smoked("reference", "--python", sys.executable)
        assert status == 0
        assert said.endswith(f"ready: bnconf run reference --python reference={sys.executable}")

    def test_a_device_that_is_not_declared(self) -> None:
        status, said = smoked("reference", "--device", "tpu")
        assert status == 3
        assert "declares no device 'tpu'; it declares cpu -> name one of those with --device" in said
