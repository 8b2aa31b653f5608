"""Plain functions as implementations: what they declare is what their arguments say, and nothing is added."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import check
from conformance.adapting import Adapted, batch_norm
from conformance.implementation import Array, LayerConfig

FEW: dict[str, Any] = {"max_examples": 12, "dtypes": ("float32", "float64")}


def around(x: Array, axis: int) -> tuple[int, ...]:
    return tuple(k for k in range(x.ndim) if k != axis)


def along(vector: Array, x: Array, axis: int) -> Array:
    """(n,) as it broadcasts against x."""
    if vector.shape != (x.shape[axis],):
        raise ValueError(f"expected {x.shape[axis]} values, got {vector.shape}")
    return np.expand_dims(vector, around(x, axis))


@batch_norm(dtypes=("float32", "float64"))
def training_only(x: Array, gamma: Array, beta: Array, *, epsilon: float, axis: int) -> Array:
    d = x - x.mean(around(x, axis), keepdims=True)
    var = np.square(d).mean(around(x, axis), keepdims=True)
    scale = along(gamma, x, axis) / np.sqrt(var + x.dtype.type(epsilon))
    return scale * d + along(beta, x, axis)


@batch_norm(dtypes=("float32", "float64"), ranks=(2, 4), axes=(1,))
def inference_only(x: Array, gamma: Array, beta: Array, mean: Array, var: Array, *, epsilon: float) -> Array:
    scale = along(gamma, x, 1) / np.sqrt(along(var, x, 1) + x.dtype.type(epsilon))
    return scale * (x - along(mean, x, 1)) + along(beta, x, 1)


def standardised(
    x: Array, mean: Array | None, var: Array | None, epsilon: float, axis: int
) -> tuple[Array, Array]:
    """(x - mean) / s, and s."""
    if mean is None or var is None:
        d = x - x.mean(around(x, axis), keepdims=True)
        s = np.sqrt(np.square(d).mean(around(x, axis), keepdims=True) + x.dtype.type(epsilon))
    else:
        d = x - along(mean, x, axis)
        s = np.sqrt(along(var, x, axis) + x.dtype.type(epsilon))
    return d / s, s


def gradient(
    dy: Array,
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    mean: Array | None = None,
    var: Array | None = None,
    *,
    epsilon: float,
    axis: int,
) -> tuple[Array, Array | None, Array | None]:
    xhat, s = standardised(x, mean, var, epsilon, axis)
    a = around(x, axis)
    dgamma, dbeta = (dy * xhat).sum(a), dy.sum(a)
    scale = 1 / s if gamma is None else along(gamma, x, axis) / s
    dx = scale * dy
    if mean is None:
        m = x.dtype.type(x.size // x.shape[axis])
        dx -= scale * (np.expand_dims(dbeta, a) + xhat * np.expand_dims(dgamma, a)) / m
    return dx, None if gamma is None else dgamma, None if beta is None else dbeta


@batch_norm(dtypes=("float32", "float64"), gradient=gradient, version="2")
def everything(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    mean: Array | None = None,
    var: Array | None = None,
    *,
    epsilon: float,
    axis: int,
) -> Array:
    y, _ = standardised(x, mean, var, epsilon, axis)
    if gamma is not None:
        y = y * along(gamma, x, axis)
    return y if beta is None else y + along(beta, x, axis)


DECLARED = ("training", "inference", "gradients", "affine", "parameters", "running")


@pytest.mark.parametrize(
    ("adapted", "declares"),
    [
        (training_only, (True, False, False, "always", False, False)),
        (inference_only, (False, True, False, "always", False, False)),
        (everything, (True, True, True, "separate", False, False)),
    ],
)
def test_arguments_say_what_is_declared(adapted: Adapted, declares: tuple[Any, ...]) -> None:
    assert tuple(getattr(adapted.capabilities, name) for name in DECLARED) == declares


@pytest.mark.parametrize("adapted", [training_only, inference_only, everything])
def test_a_sound_function_holds(adapted: Adapted) -> None:
    found = check(adapted, **FEW)
    assert found.report.implementations[0].id == adapted.name
    assert found.holds, found
    judged = {r.requirement for r in found.report.results if str(r.outcome) == "pass"}
    can = adapted.capabilities
    assert ("forward.training" in judged) == can.training
    assert ("forward.inference" in judged) == can.inference
    assert ("gradient.input" in judged) == can.gradients


def test_a_wrong_function_is_found_out() -> None:
    @batch_norm()
    def unbiased(x: Array, gamma: Array, beta: Array, *, epsilon: float, axis: int) -> Array:
        a = around(x, axis)
        d = (x - x.mean(a, keepdims=True)) / np.sqrt(x.var(a, keepdims=True, ddof=1) + np.float32(epsilon))
        return along(gamma, x, axis) * d + along(beta, x, axis)

    failure = check(unbiased, requirements="forward.*", **FEW).failures[0]
    assert failure.requirement == "forward.training" and "unbiased" in str(failure.diagnosis)


def test_it_is_judged_by_its_name_in_a_file(tmp_path: Path) -> None:
    """The whole file, as in the documentation."""
    (tmp_path / "mine.py").write_text("""
import numpy as np
from conformance.adapting import batch_norm

@batch_norm(axes=(1,), ranks=(2,))
def normalise(x, gamma, beta, *, epsilon):
    d = x - x.mean(0)
    return gamma * d / np.sqrt((d * d).mean(0) + np.float32(epsilon)) + beta
""")
    assert check(f"{tmp_path / 'mine.py'}:normalise", requirements="forward.*", **FEW).holds


def test_it_can_be_isolated_like_a_class() -> None:
    found = check(training_only, isolated=True, requirements="forward.training", **FEW)
    assert found.holds
    assert found.report.implementations[0].id.endswith("test_adapting:training_only")


def test_called_it_is_the_function() -> None:
    x, one = np.arange(6, dtype=np.float32).reshape(3, 2), np.ones(2, np.float32)
    y = training_only(x, one, one, epsilon=0.0, axis=1)
    assert np.allclose(y.mean(axis=0), 1) and np.allclose(y.std(axis=0), 1)


def test_nothing_is_added() -> None:
    """What the function gets is what came, and what it returns is what is returned."""
    seen: dict[str, Any] = {}

    @batch_norm()
    def spy(x: Any, gamma: Any, beta: Any, *, epsilon: Any, axis: Any) -> Any:
        seen.update(x=x, gamma=gamma, beta=beta, epsilon=epsilon, axis=axis)
        return "y"

    x, gamma = np.ones((2, 3)), np.zeros((3, 1))
    layer = spy.build(LayerConfig((2, 3), -1, "float32", epsilon=0.25))
    layer.load({"gamma": gamma})
    assert layer.forward(x, training=True) == "y"
    assert seen["x"] is x and seen["gamma"] is gamma and seen["beta"] is None
    assert (seen["epsilon"], seen["axis"]) == (0.25, 1)
    assert layer.parameters() == {"gamma": gamma}


def _no_epsilon(x: Any, gamma: Any, beta: Any) -> Any: ...
def _weight(x: Any, weight: Any, bias: Any, *, epsilon: Any, axis: Any) -> Any: ...
def _no_axis(x: Any, gamma: Any, beta: Any, *, epsilon: Any) -> Any: ...
def _mean_only(x: Any, gamma: Any, beta: Any, mean: Any, *, epsilon: Any, axis: Any) -> Any: ...
def _one_default(x: Any, gamma: Any, beta: Any = None, *, epsilon: Any, axis: Any) -> Any: ...
def _positional(x: Any, gamma: Any, beta: Any, /, *, epsilon: Any, axis: Any) -> Any: ...
def _plain(x: Any, gamma: Any, beta: Any, *, epsilon: Any, axis: Any) -> Any: ...


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (_no_epsilon, {"axes": (1,)}, "_no_epsilon takes no epsilon: say which it has, such as epsilon=1e-5"),
        (_plain, {"epsilon": 1e-3}, "_plain takes an epsilon: leave out epsilon=0.001"),
        (_weight, {}, "_weight takes (x: Any, weight: Any, bias: Any, epsilon: Any, axis: Any); expected"),
        (_no_axis, {}, "_no_axis takes no axis: say which it is, such as axes=(1,)"),
        (_mean_only, {}, "_mean_only takes"),
        (_one_default, {}, "let gamma and beta both be None by default, or neither"),
        (_positional, {}, "_positional takes"),
        (
            _plain,
            {"gradient": _weight},
            "_weight takes (x, weight, bias, epsilon, axis); expected (dy, x, gamma",
        ),
    ],
)
def test_other_arguments_are_refused_by_name(
    function: Callable[..., Any], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError) as caught:
        batch_norm(**arguments)(function)
    assert said in str(caught.value).replace("'", "")


def test_it_needs_numpy_alone() -> None:
    program = "import sys, conformance.adapting; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert "numpy" in loaded and {"msgspec", "rich", "hypothesis", "ml_dtypes"}.isdisjoint(loaded)


@pytest.mark.thorough
def test_what_the_documentation_shows_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text()
    shown = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    (adapter,) = (each for each in shown if "@batch_norm" in each)
    (test,) = (each for each in shown if "def test_" in each)
    (tmp_path / "kernel.py").write_text(adapter)
    (tmp_path / "test_kernel.py").write_text(test)
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


@batch_norm(dtypes=("float32", "float64"), axes=(1,), epsilon=1e-3)
def of_one_epsilon(x: Array, gamma: Array, beta: Array) -> Array:
    return training_only(x, gamma, beta, epsilon=1e-3, axis=1)


def test_a_function_with_an_epsilon_of_its_own_says_which() -> None:
    assert of_one_epsilon.capabilities.epsilon == 1e-3
    assert not check(of_one_epsilon, requirements=("forward.*", "session.*"), **FEW).failures


def _of_x_alone(dy: Array, x: Array, gamma: Array, beta: Array, *, epsilon: float, axis: int) -> Any:
    dx, _, _ = gradient(dy, x, gamma, beta, epsilon=epsilon, axis=axis)
    return dx, None, None


def test_a_gradient_may_be_that_of_x_alone() -> None:
    made = batch_norm(dtypes=("float32", "float64"), gradient=_of_x_alone, gradients_of=("x",))
    result = check(made(training_only.function), requirements=("gradient.*", "session.gradient"), **FEW)
    assert not result.failures
    assert {each.requirement for each in result.report.results if each.outcome == "pass"} > {"gradient.input"}
