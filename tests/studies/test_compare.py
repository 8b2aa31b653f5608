"""Two implementations side by side, and their weights moved from one to the other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.implementation import Capabilities
from conformance.results.model import INFINITE
from conformance.studies.compare import common
from tests.conftest import WRONG, Command, need

PORTED = """
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
x, labels = load_digits(return_X_y=True)
x, unseen, labels, _ = train_test_split(x.astype(np.float32) / 16, labels, random_state=0)
hidden, norm, out = torch.nn.Linear(64, 32), torch.nn.BatchNorm1d(32, eps=1e-3), torch.nn.Linear(32, 10)
net = torch.nn.Sequential(hidden, norm, torch.nn.ReLU(), out)
descent = torch.optim.Adam(net.parameters(), 0.01)
for _ in range(60):
    descent.zero_grad()
    torch.nn.functional.cross_entropy(net(torch.tensor(x)), torch.tensor(labels)).backward()
    descent.step()
net.eval()
ours = net(torch.tensor(unseen)).detach().numpy()

inputs = keras.Input((64,))
first, last = keras.layers.Dense(32), keras.layers.Dense(10)
moved = port(norm, (None, 32), 1)
theirs = keras.Model(inputs, last(keras.ops.relu(moved(first(inputs)))))
for dense, linear in ((first, hidden), (last, out)):
    dense.set_weights([linear.weight.detach().numpy().T, linear.bias.detach().numpy()])
predicted = theirs.predict(unseen, verbose=0)
accuracy = (ours.argmax(axis=1) == predicted.argmax(axis=1)).mean()
assert np.abs(norm.running_mean.numpy()).max() > 0.01, "trained"
print("same predictions:", accuracy, "largest difference:", np.abs(ours - predicted).max())
assert accuracy == 1 and np.abs(ours - predicted).max() < 1e-4
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bnconf compare torch keras-tensorflow -o out`, as a user types it."""
    need("torch", "keras-tensorflow")
    folder = tmp_path_factory.mktemp("compare")
    command = ["compare", "torch", "keras-tensorflow", "--max-examples", "6", "-o", "out"]
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder


def test_differences_alone_are_told(compared: Path) -> None:
    found = json.loads((compared / "out" / "comparison.json").read_text())
    held = {row["what"]: (row["a"], row["b"]) for row in found["held"]}
    assert held["name of gamma"] == ("weight", "gamma")
    assert held["num_batches_tracked"] == ("() int64", "none")
    conventions = {row["what"]: (row["a"], row["b"]) for row in found["conventions"]}
    assert conventions["running.variance"] == ("unbiased", "biased")
    assert "new batch" in conventions["running.momentum"][0] and "kept" in conventions["running.momentum"][1]
    assert "1e-05" in conventions["running.defaults"][0] and "0.001" in conventions["running.defaults"][1]
    assert not any(
        row["a"] == row["b"] for row in [*found["held"], *found["conventions"], *found["outcomes"]]
    )


def test_numbers_are_in_units_of_the_bound(compared: Path) -> None:
    found = json.loads((compared / "out" / "comparison.json").read_text())
    assert {each["of"] for each in found["numbers"]} >= {"y in training", "y in inference", "dx"}
    assert all(
        each["experiments"] > 0 and each["beyond"] == 0 and each["worst"] < 2 for each in found["numbers"]
    )


def test_recipes_are_verified_and_say_what_no_recipe_can_do(compared: Path) -> None:
    said = " ".join((compared / "said.txt").read_text().split())
    for port in json.loads((compared / "out" / "comparison.json").read_text())["ports"]:
        came = port["verified"]
        assert came["problem"] == ""
        assert came["cases"] >= 10 and came["agreeing"] == came["experiments"] > 0
        assert came["mean_off"] < 1e-4 < came["var_off"]
    assert "one averages the biased variance and the other the unbiased" in said
    assert "momentum=1 - source.momentum" in said


def test_recipe_ports_a_trained_layer_with_the_same_predictions(compared: Path) -> None:
    """The recipe as printed, pasted above a script that trains a small net on handwritten digits."""
    said = (compared / "said.txt").read_text()
    start = said.index("import numpy", said.index("From torch to keras-tensorflow"))
    recipe = said[start : said.index("From keras-tensorflow to torch")]
    assert recipe.strip() == (compared / "out" / "port_torch_to_keras_tensorflow.py").read_text().strip()
    script = compared / "pasted.py"
    script.write_text(recipe + PORTED)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "same predictions: 1.0" in done.stdout


def test_one_that_is_wrong_is_shown_where_it_differs_most(bnconf: Command, tmp_path: Path) -> None:
    done = bnconf("compare", "reference", f"{WRONG}:EpsilonOutside", "--max-examples", "8", "-o", "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    worst = max(found["numbers"], key=lambda each: each["worst"])
    assert 2 < worst["worst"] <= INFINITE
    assert worst["beyond"] > 0 and len(worst["case"]["features"]) == 1
    assert abs(worst["a"] - worst["exact"]) < abs(worst["b"] - worst["exact"])
    assert "differ in" in done.stdout
    assert {port["why_not"] for port in found["ports"]} == {
        "reference does not say how its framework is written",
        f"{WRONG}:EpsilonOutside does not say how its framework is written",
    }


def test_a_function_has_no_recipe_but_a_reason(bnconf: Command, tmp_path: Path) -> None:
    need("torch")
    done = bnconf("compare", "torch", "torch-functional", "--max-examples", "4")
    assert done.returncode == 0, done.stderr
    assert "torch-functional is a function and holds no parameters" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("torch", "torch"), 2, "two different implementations"),
        (("reference", "no-such-thing"), 2, "no implementation 'no-such-thing'"),
    ],
)
def test_wrong_usage(bnconf: Command, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = bnconf("compare", *arguments)
    assert done.returncode == status
    assert said in done.stderr


def test_what_two_have_in_common() -> None:
    any_axis = Capabilities(dtypes=("float32", "float64"), ranks=(2, 3), gradients=True)
    second = Capabilities(dtypes=("float64", "float16"), ranks=(2, 4), axes=(1,), moves_axis=True)
    shared = common(any_axis, second)
    assert (shared.dtypes, shared.ranks, shared.axes) == (("float64",), (2,), "any")
    assert not shared.gradients
    assert common(any_axis, second, moving=False).axes == (1,)


ODD = """
import numpy as np
from conformance.implementation import Idiom
from conformance.implementations.reference import Reference

class Some(Reference):
    idiom = Idiom("import numpy", "$layer = 1", "y = $x", "", (("gamma", "$layer"),), (("gamma", "$layer = $value"),))

class Typo(Reference):
    idiom = Idiom(
        "import (", "$layer = $nothing", "y = $x",
        get=tuple((n, "$layer") for n in ("gamma", "beta", "running_mean", "running_var")),
        set=tuple((n, "$layer = $value") for n in ("gamma", "beta", "running_mean", "running_var")),
    )

class Twice(Typo):
    pass
"""


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("Some", "Typo", "do not both tell of beta, running_mean, running_var"),
        ("Typo", "Twice", "make no Python"),
    ],
)
def test_an_idiom_that_will_not_do_is_a_reason_and_no_crash(
    bnconf: Command, tmp_path: Path, one: str, other: str, said: str
) -> None:
    (tmp_path / "odd.py").write_text(ODD)
    done = bnconf("compare", f"odd.py:{one}", f"odd.py:{other}", "--max-examples", "4")
    assert done.returncode == 0, done.stderr
    assert said in " ".join(done.stdout.split())
