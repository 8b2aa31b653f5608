"""``conformance.check``: from Python, in a notebook or a plain test."""

from __future__ import annotations

import io
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from conformance import check
from conformance.api import CannotStart, Checked, DoesNotHold, NotFound
from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import Array, Capabilities, LayerConfig
from conformance.protocol.messages import (
    Backward,
    Build,
    Forward,
    Load,
    Observation,
    Parameters,
    Raised,
    Transfer,
)
from conformance.requirements.catalogue import catalogue
from conformance.worker.client import Worker
from conformance.worker.in_process import InProcessWorker
from tests import wrong_layers
from tests.conftest import WRONG

FEW = {"dtypes": "float32", "max_examples": 16}
EXAMPLE = f"{WRONG.parents[1] / 'examples' / 'my_batch_norm.py'}:MyBatchNorm"


@pytest.fixture(scope="module")
def wrong() -> Checked:
    return check(wrong_layers.EpsilonOutside, requirements="forward.*", **FEW)  # type: ignore[arg-type]


class TestWhatComesOfIt:
    def test_what_is_right_holds(self) -> None:
        found = check("reference", isolated=False, **FEW)  # type: ignore[arg-type]
        assert found.holds and found.failures == ()
        assert repr(found) == f"reference, {len(catalogue())} requirements, seed 0: everything holds"
        found.raise_for_failures(strict=True)

    def test_what_is_wrong_does_not(self, wrong: Checked) -> None:
        assert not wrong.holds
        assert wrong.failures[0].requirement == "forward.training"
        assert "forward.training  MUST, fail in float32" in repr(wrong)
        assert len(repr(wrong).splitlines()) == 1 + len(wrong.failures)

    @pytest.mark.parametrize(
        ("requirement", "seen"),
        [
            ("degenerate.huge", lambda x: np.abs(x).max() > 2.0**64),  # where squares overflow
            ("degenerate.constant", lambda x: np.ptp(x) == 0),
        ],
    )
    def test_a_failure_shows_the_x_that_was_sent(self, requirement: str, seen: Any) -> None:
        """Not the one of the case, which the experiment altered; and it is still what the requirement is about."""
        (failure,) = check(EXAMPLE, requirements=requirement, **FEW).failures  # type: ignore[arg-type]
        x = failure.arrays()["x"]
        assert x.dtype == np.float32 and seen(x)
        assert f"{x.ravel()[0]:.9g}" in str(failure)

    def test_a_failure_gives_the_arrays_to_see_it_with(self, wrong: Checked) -> None:
        failure = next(each for each in wrong.failures if each.requirement == "forward.epsilon")
        arrays, case = failure.arrays(), failure.case
        x, n = arrays["x"], case.n
        assert x.shape == arrays["dy"].shape == case.shape and x.dtype == np.float32
        assert all(arrays[name].shape == (n,) for name in ("gamma", "beta", "mean", "var"))
        # The layer is as wrong on it, called by hand.
        layer = wrong_layers.EpsilonOutside().build(case.config())
        layer.load({"gamma": arrays["gamma"], "beta": arrays["beta"]})
        y = layer.forward(x, training=True)
        around = tuple(k for k in range(x.ndim) if k != case.axis % x.ndim)
        wide = x.astype(np.float64)
        xhat = (wide - wide.mean(around, keepdims=True)) / np.sqrt(
            wide.var(around, keepdims=True) + case.epsilon
        )
        exact = layer.along(arrays["gamma"], x) * xhat + layer.along(arrays["beta"], x)
        assert np.abs(y - exact).max() > 1e-6
        # To play with: they are copies.
        x[:] = 0
        assert failure.arrays()["x"].any()

    def test_in_a_plain_test_it_is_an_assertion(self, wrong: Checked) -> None:
        with pytest.raises(
            DoesNotHold, match=r"EpsilonOutside.*do not hold\nforward.training  MUST"
        ) as caught:
            wrong.raise_for_failures()
        assert isinstance(caught.value, AssertionError)
        assert "gamma = [1]" in str(caught.value) and "epsilon" in str(caught.value)

    def test_a_should_counts_if_strict(self) -> None:
        half = check(HalfStatistics, requirements="numerics.half", dtypes="float16", max_examples=16)
        assert half.holds and [each.level.value for each in half.failures] == ["SHOULD"]
        half.raise_for_failures()
        with pytest.raises(DoesNotHold, match=r"numerics\.half"):
            half.raise_for_failures(strict=True)

    def test_same_arguments_same_report(self) -> None:
        found = [check(wrong_layers.Scalar, seed=3, **FEW) for _ in range(2)]  # type: ignore[arg-type]
        assert repr(found[0].report.results) == repr(found[1].report.results)

    def test_requirements_are_named_by_pattern(self) -> None:
        some = check(
            wrong_layers.Scalar,
            requirements=["shape.gamma", "forward.axis"],
            dtypes=["float32"],
            max_examples=4,
        )
        assert [each.id for each in some.report.requirements] == ["shape.gamma", "forward.axis"]


class TestShown:
    def test_as_the_command_shows_it(self, wrong: Checked) -> None:
        out = io.StringIO()
        Console(file=out, width=100).print(wrong)
        assert "1. EpsilonOutside forward.training  MUST, fail in float32" in out.getvalue()
        assert "\x1b" not in out.getvalue()

    def test_as_html_in_a_notebook(self, wrong: Checked) -> None:
        seen = Seen(wrong._repr_html_())
        assert {"table", "details", "pre"} <= seen.tags
        assert "forward.training" in seen.text and "gamma = [1]" in seen.text

    def test_which_loads_and_runs_nothing_whatever_an_implementation_says(self) -> None:
        evil = check(Evil(), requirements="forward.training", **FEW)  # type: ignore[arg-type]
        seen = Seen(evil._repr_html_())
        assert "<script>alert(1)</script>" in seen.text  # as text
        assert seen.tags <= {
            "div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre",
        }  # fmt: skip
        assert seen.attributes <= {"style"}


class TestWhereItRuns:
    def test_an_object_is_called_by_the_name_of_its_class(self) -> None:
        found = check(wrong_layers.Matrix(), requirements="shape.gamma", **FEW)  # type: ignore[arg-type]
        assert found.report.implementations[0].id == "Matrix" and not found.holds

    def test_in_this_process_or_in_another_the_report_is_the_same(self) -> None:
        kwargs: dict[str, Any] = {"requirements": ("forward.*", "shape.*"), **FEW}
        here = check(wrong_layers.EpsilonOutside, **kwargs)
        there = check(wrong_layers.EpsilonOutside, isolated=True, **kwargs)
        assert there.report.implementations[0].id == "tests.wrong_layers:EpsilonOutside"
        assert repr(here).partition(",")[2] == repr(there).partition(",")[2]
        named = check(f"{WRONG}:EpsilonOutside", **kwargs)
        assert str(named.failures[0]) == str(here.failures[0])

    def test_what_another_process_cannot_import_is_not_isolated(self) -> None:
        class Local(wrong_layers.Scalar):
            pass

        for implementation in (Local, wrong_layers.Scalar()):
            with pytest.raises(ValueError, match="expected its name, or a class at the top of a module"):
                check(implementation, isolated=True)

    def test_a_crash_in_isolation_is_a_finding(self, tmp_path: Path) -> None:
        (tmp_path / "crashes.py").write_text(CRASHES)
        found = check(f"{tmp_path / 'crashes.py'}:Crashes", requirements="forward.training", **FEW)  # type: ignore[arg-type]
        assert "died at build: signal SIGABRT" in found.failures[0].message
        assert found.failures[0].arrays()["x"].dtype == np.float32

    def test_in_this_process_it_answers_as_from_another(self) -> None:
        """Sound, raising and malformed answers alike, and a stream of scripts in order."""
        case = Case((4, 3), 1)
        arrays = realise(case)
        calls = (
            Build(case.config()),
            Load({"gamma": np.ones(7, np.float32)}),
            Forward(arrays.x, True),
            Parameters(),
            Forward(arrays.x, False),
            Backward(arrays.dy),
            Build(case.config(), layer=1),
            Transfer(0, 1),
        )
        seen = []
        name = f"{WRONG}:EpsilonOutside"
        for worker in (InProcessWorker("here", wrong_layers.EpsilonOutside), Worker(name)):
            with worker:
                assert worker.identity.name == "wrong"
                seen.append([comparable(each) for each in worker.stream([calls, calls[:1], calls])])
        assert seen[0] == seen[1]
        assert [kind for kind, *_ in seen[0][0]] == [
            "answer", "ValueError", "answer", "answer", "NotImplementedError", "AttributeError", "answer", "answer",
        ]  # fmt: skip

    def test_one_that_exits_when_it_is_made_cannot_start(self) -> None:
        with pytest.raises(CannotStart, match="SystemExit"):
            check(Exits)

    def test_an_interrupt_ends_it(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            check(Interrupted, requirements="forward.training", **FEW)  # type: ignore[arg-type]

    def test_workers_do_not_import_what_only_judging_needs(self) -> None:
        program = "import conformance.worker.serve, sys; print(*sys.modules)"
        loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
        assert {
            "rich",
            "hypothesis",
            "click",
            "conformance.api",
            "conformance.judging.requirement",
        }.isdisjoint(loaded)


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (
                {"dtypes": "float8"},
                "dtypes must be some of float32, float64, float16, bfloat16; they are 'float8'",
            ),
            ({"max_examples": 0}, "max_examples must be 1 or more"),
            ({"requirements": "shape.gama"}, "no requirement matches 'shape.gama'"),
            ({"dtypes": "float64"}, "nothing was judged: Scalar declares no float64"),
        ],
    )
    def test_says_what_was_expected(self, arguments: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError) as caught:
            check(wrong_layers.Scalar, **arguments)
        assert said in str(caught.value)

    def test_a_program_is_always_isolated(self) -> None:
        with pytest.raises(ValueError, match="always isolated"):
            check("exec:./program", isolated=False)

    def test_no_such_name(self) -> None:
        with pytest.raises(NotFound, match="no implementation 'tensorch'"):
            check("tensorch")

    @pytest.mark.parametrize(
        ("implementation", "said"),
        [
            (object(), "object has no attribute 'name'"),
            (np.mean, "has no attribute 'name'"),
            (f"{Path(__file__).parents[1] / 'hostile' / 'broken_import.py'}:Any", "broken_import.py:Any: "),
        ],
    )
    def test_what_is_no_implementation_cannot_start(self, implementation: Any, said: str) -> None:
        with pytest.raises(CannotStart) as caught:
            check(implementation)
        assert said in str(caught.value)


CRASHES = """
import os
from conformance.implementation import Capabilities

class Crashes:
    name, version, capabilities = "crashes", "1", Capabilities()

    def build(self, config):
        os.abort()
"""


class _Plain:
    name, version = "plain", "1"
    capabilities = Capabilities(inference=False, running=False)


class HalfStatistics(_Plain):
    capabilities = Capabilities(dtypes=("float16",), inference=False, running=False)

    class Layer(wrong_layers.Layer):
        def standardise(self, x: Array, around: tuple[int, ...]) -> Array:
            mean = x.mean(axis=around, keepdims=True)
            var = (x * x).mean(axis=around, keepdims=True) - mean * mean
            xhat: Array = (x - mean) / np.sqrt(np.abs(var) + x.dtype.type(self.config.epsilon))
            return xhat

    def build(self, config: LayerConfig) -> Any:
        return self.Layer(config, (config.input_shape[config.axis],))


class Evil(_Plain):
    name = "<script>alert(1)</script>"

    def build(self, config: LayerConfig) -> Any:
        raise ValueError("<script>alert(1)</script><img src=x onerror=alert(2)>")


class Interrupted(_Plain):
    def build(self, config: LayerConfig) -> Any:
        raise KeyboardInterrupt


class Exits(_Plain):
    def __init__(self) -> None:
        sys.exit(1)


def comparable(observation: Observation) -> list[tuple[Any, ...]]:
    """The answers without times and traces."""
    assert observation.lost is None
    return [
        (each.kind, each.text)
        if isinstance(each, Raised)
        else ("answer", {name: value.tolist() for name, value in each.arrays.items()}, each.modified)
        for each in observation.answers
    ]


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data
