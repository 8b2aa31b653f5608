"""A layer that is saved, restored in another process, and goes on there; and what may happen on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.implementation import LayerConfig
from conformance.protocol.messages import (
    Answer,
    Build,
    Call,
    Forward,
    Observation,
    Parameters,
    Raised,
    Resume,
)
from conformance.worker.client import Worker
from conformance.worker.process import CannotStart
from tests.hostile import savers
from tests.processes import alive, needs_proc

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")

CONFIG = LayerConfig((4, 3), 1, "float32")
X = np.arange(12, dtype=np.float32).reshape(4, 3)


def saver(name: str, *, timeout: float = 60) -> Worker:
    return Worker(f"{Path(savers.__file__)}:{name}", timeout=timeout)


def resumed(worker: Worker, times: int = 1, format: str = "bytes") -> Observation:
    """Training, then so often a resumption, each followed by the parameters held."""
    calls: list[Call] = [Build(CONFIG), Forward(X, True)]
    return worker.run((*calls, *((Resume(CONFIG, format), Parameters()) * times)))


def process_of(answer: Answer | Raised) -> int:
    assert isinstance(answer, Answer)
    return int(answer.arrays["process"])


@needs_proc
def test_it_goes_on_in_another_process_and_comes_back() -> None:
    with saver("SaysWhereItIs") as worker:
        own, answers = worker.pid, resumed(worker, times=2).answers
        assert process_of(answers[5]) == own
        other = process_of(answers[3])
        assert other != own and alive(other) == [other]
        # Both are kept for the next script.
        assert process_of(resumed(worker).answers[3]) == other
    assert alive(other) == []


def test_what_it_held_is_there() -> None:
    with saver("SaysWhereItIs") as worker:
        answers = resumed(worker).answers
        assert isinstance(answers[3], Answer)
        np.testing.assert_allclose(answers[3].arrays["running_mean"], 0.1 * X.mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SavesText", "save() returned a builtins.str, not bytes"),
        ("SavesNot", "no such format"),
        ("RestoresNot", "the file is of another version"),
    ],
)
def test_what_raises_is_told(name: str, said: str) -> None:
    with saver(name) as worker:
        raised = resumed(worker).answers[2]
        assert isinstance(raised, Raised) and said in raised.text


def test_of_two_formats_each_is_asked_for() -> None:
    with saver("SaysWhereItIs") as worker:
        assert isinstance(resumed(worker, format="text").answers[2], Answer)
        raised = resumed(worker, format="parchment").answers[2]
        assert isinstance(raised, Raised) and "parchment" in raised.text


@pytest.mark.parametrize("name", ["DiesInSave", "DiesInRestore"])
def test_death_on_the_way_costs_its_script_alone(name: str) -> None:
    with saver(name) as worker:
        for _ in range(2):
            lost = resumed(worker).lost
            assert lost is not None and lost.outcome == "crash"
        assert all(isinstance(each, Answer) for each in worker.run((Build(CONFIG), Forward(X, True))).answers)


def test_one_that_never_restores_is_not_waited_for() -> None:
    with saver("HangsInRestore", timeout=1) as worker:
        lost = resumed(worker).lost
        assert lost is not None and (lost.outcome, lost.text) == (
            "timeout",
            "no answer to restore within 1 s",
        )


def test_a_process_killed_from_outside_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with saver("IsKilledOnce") as worker:
        observation = resumed(worker)
        assert observation.lost is None and len(observation.answers) == 4
        assert worker.strays == ["SIGKILL"]


@pytest.mark.parametrize("formats", ["TooManyFormats", "FormatWithoutName", "FormatInColours"])
def test_formats_are_a_few_short_names(formats: str) -> None:
    with pytest.raises(CannotStart, match=r"capabilities\.saves must be a few short names of formats; it is"):
        saver(formats)
