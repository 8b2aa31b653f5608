"""From a row to a case, and from such a case to its session: several calls, in the circumstances of the row.

What is of numbers becomes the case's own: shape, dtype, epsilon, regimes. What is of calls stays with it by name, in
:attr:`~conformance.cases.case.Case.circumstances`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.cases.arrays import Arrays, bell, realise
from conformance.cases.case import Case, Regime
from conformance.exploration.factor import Row
from conformance.exploration.factors import BY_NAME, OUTSTANDING, PLAIN
from conformance.implementation import Array, Capabilities, LayerConfig
from conformance.protocol.codec import numpy_dtype
from conformance.protocol.layouts import order_of, permuted
from conformance.protocol.messages import Backward, Build, Call, Forward, Load, Parameters, Resume, Script

#: The factors that decide calls; of the others the case itself is made.
OF_CALLS = (
    "call",
    "history",
    "built for",
    "memory of x",
    "memory of dy",
    "memory of loaded",
    "dtype of parameters",
    "affine",
    "momentum",
    "frozen",
    "dy",
    "replicas",
    "mask",
)
#: How large values are in each dtype: so that no sum of squares overflows, and so that every one does. Float16 beside
#: parameters in float32, where the squares themselves overflow float16, and need not be held in it.
_SIZES = {
    "huge": {
        "float32": 2.0**40,
        "float64": 2.0**300,
        "float16": 2.0**3,
        "bfloat16": 2.0**40,
        "mixed": 2.0**9,
    },
    "overflow": {
        "float32": 2.0**80,
        "float64": 2.0**600,
        "float16": 2.0**12,
        "bfloat16": 2.0**80,
        "mixed": 2.0**12,
    },
}
_FEW_BATCHES = 1 << 32
#: Labels: of the calls that the circumstances are about, and of the one after them.
MAIN, AFTER = "main", "after"


def case_of(row: Row, seed: int, number: int, can: Capabilities = Capabilities()) -> Case:
    """The case of a row, with the epsilon and momentum of a layer that has no other.

    :param number: of the row, so that no two have the same numbers, nor the same permutation of axes.
    :raises ValueError: a factor has no such level.
    """
    value = {name: BY_NAME[name].level(level).value for name, level in row.items()}
    form, n = value["shape"], value["features"]
    shape = form.shape(value["values per feature"], n)
    if row["replicas"] != "none":
        shape = (_samples(row["replicas"]), *shape[1:])
    values, kappa, scale = value["values"]
    mixed = row["dtype"] == "float16" and value["dtype of parameters"] is not None
    size = _SIZES[scale]["mixed" if mixed else row["dtype"]] if isinstance(scale, str) else scale
    gamma, beta = value["parameters"]
    regimes = _regimes(Regime(values, kappa, size, gamma, beta))[:n]
    told = {name: _exact(row[name], len(shape), number) for name in OF_CALLS if row[name] != PLAIN[name]}
    epsilon = value["epsilon"] if can.epsilon is None else can.epsilon
    momentum = 0.9 if value["momentum"] is None else value["momentum"]
    momentum = momentum if can.momentum is None else can.momentum
    seed = (seed * 0x9E37_79B9 + number * 0x85EB_CA6B) % _FEW_BATCHES
    return Case(shape, form.axis, row["dtype"], epsilon, momentum, regimes, seed, circumstances=told)


@functools.lru_cache(256)
def _regimes(of_all: Regime) -> tuple[Regime, ...]:
    """Of as many features as there may be, all alike but for their numbers."""
    most = max(level.value for level in BY_NAME["features"].levels)
    return tuple(replace(of_all, stream=k) for k in range(most))


#: Replicas are four, with eight samples, seven, one each, or three.
_REPLICAS = 4


def _samples(replicas: str) -> int:
    return {"even": 8, "of one sample": 4, "uneven": 7, "one empty": 3}[replicas]


def _exact(level: str, rank: int, number: int) -> str:
    """A level; of a permutation of the axes, which."""
    if level != "permuted":
        return level
    orders = permutations(rank)
    return permuted(orders[number % len(orders)])


def permutations(rank: int) -> list[tuple[int, ...]]:
    """Every order of the axes but their own."""
    return list(itertools.permutations(range(rank)))[1:]


def check(case: Case) -> None:
    """Check the circumstances of a case.

    :raises ValueError: there are none of that name or level, or the order of axes is one of another rank.
    """
    told = case.circumstances
    if unknown := told.keys() - set(OF_CALLS):
        raise ValueError(f"circumstances must be of {', '.join(OF_CALLS)}; there is {sorted(unknown)[0]!r}")
    for name, level in told.items():
        BY_NAME[name].level(level)
        order = order_of(level)
        if level.startswith("permuted") and (order is None or sorted(order) != list(range(len(case.shape)))):
            raise ValueError(f"{name} must be an order of {len(case.shape)} axes; it is {level!r}")


def looked_at(script: Script) -> frozenset[int]:
    """The numbers of the calls that the circumstances are about, and where their effect is shown: not of those that
    merely come before or after.
    """
    found: set[int] = set()
    for number, call in enumerate(script):
        if call.label == MAIN or (isinstance(call, Parameters) and call.layer == 0 and number - 1 in found):
            found.add(number)
    return frozenset(found)


def session(case: Case, arrays: Arrays, can: Capabilities) -> Script:
    """The calls of a case.

    :raises ValueError: a circumstance that there is not, or that does not fit the shape.
    """
    return tuple(_Session(case, arrays, can).calls())


class _Session:
    def __init__(self, case: Case, arrays: Arrays, can: Capabilities) -> None:
        check(case)
        self._level = {name: case.circumstances.get(name, PLAIN[name]) for name in OF_CALLS}
        self._case, self._arrays, self._can = case, arrays, can
        self._made: list[Call] = []

    def calls(self) -> list[Call]:
        self._start()
        self._before()
        self._main()
        # Whatever it did, what follows has to be right.
        self._forward(self._batch(7), not self._can.inference, label=AFTER)
        return self._made

    # -- what the calls are made of

    @property
    def _affine(self) -> tuple[bool, bool]:
        kept = BY_NAME["affine"].level(self._level["affine"]).value
        return kept[0], kept[1]

    def _config(self) -> LayerConfig:
        case, (scale, center) = self._case, self._affine
        shape = case.shape
        if self._level["built for"] == "another batch":
            shape = _grown(case, (case.batch_axis,), 2)
        elif self._level["built for"] == "other extents":
            shape = _grown(case, case.around, 1)
        config = replace(case.config(scale=scale, center=center), input_shape=shape)
        if self._level["momentum"] == "cumulative":
            config = replace(config, cumulative=True)
        if self._level["dtype of parameters"] != PLAIN["dtype of parameters"]:
            config = replace(config, parameter_dtype=self._level["dtype of parameters"])
        if self._level["frozen"] != PLAIN["frozen"]:
            config = replace(config, frozen=self._level["frozen"])
        if self._level["replicas"] != "none":
            config = replace(config, replicas=min(_REPLICAS, self._can.replicas))
        return config

    def _batch(self, number: int, case: Case | None = None) -> Array:
        """Another batch."""
        case = case or self._case
        return realise(replace(case, seed=(case.seed + number) % _FEW_BATCHES, circumstances={})).x

    def _x(self) -> Array:
        """The batch of the calls that are looked at."""
        case, x = self._case, self._arrays.x
        match self._level["call"]:
            case "a NaN" | "a NaN in inference":
                return _with_nan(case, x)
            case "empty batch":
                return _locked(x.take([], axis=case.batch_axis))
            case "one value":
                return _locked(
                    x[tuple(slice(None) if k == case.feature_axis else slice(1) for k in range(x.ndim))]
                )
        if self._level["memory of x"] == "broadcast":
            # Along the features, if there are several, so that a feature keeps its values.
            return _repeated(x, case.feature_axis if case.n > 1 else case.batch_axis)
        return x

    def _dy(self, x: Array) -> Array:
        case, dy = self._case, self._arrays.dy
        if dy.shape != x.shape:
            dy = dy[tuple(slice(extent) for extent in x.shape)]
        if self._level["memory of dy"] == "broadcast" and self._level["dy"] != "one place":
            # Along the batch, unless each feature had one value then: dx and dgamma of that are 0 anyway.
            along_batch = case.n == 1 or dy.size > case.n * dy.shape[case.batch_axis]
            dy = _repeated(dy, case.batch_axis if along_batch else case.feature_axis)
        match self._level["dy"]:
            case "uniform":
                dy = np.ones_like(dy)
            case "one place":
                dy = np.zeros_like(dy)
                # At another place along each axis, so that no axis can be taken for another.
                dy[tuple(slice(k, k + 1) for k in _apart(dy.shape))] = 1
            case "large":
                dy = dy * dy.dtype.type(64)
            case "large and uniform":  # As a loss that is scaled for half precision gives it.
                dy = np.full_like(dy, 8192)
        if (mask := self._mask(x)) is not None:
            dy = np.where(np.expand_dims(mask, case.feature_axis), dy, np.zeros((), dy.dtype))
        return _locked(dy)

    def _mask(self, x: Array) -> Array | None:
        if self._level["mask"] == "none":
            return None
        case = self._case
        counts = bell(case, "mask")[:, 0].reshape(-1) > -0.5
        counts[: min(6, counts.size)] = True
        counts = counts.reshape([case.shape[k] for k in case.around])
        if self._level["mask"] == "all count":
            counts[...] = True
        elif self._level["mask"] == "a sample":
            counts[...] = True
            counts[-1] = False
        return counts if x.shape == case.shape else np.ones([x.shape[k] for k in case.around], bool)

    def _held(self, *names: str, number: int = 0) -> dict[str, Array]:
        """Parameters to load, by canonical name."""
        (scale, center), config = self._affine, self._config()
        seed = (self._case.seed + number) % _FEW_BATCHES
        arrays = realise(replace(self._case, dtype=config.held_in, seed=seed, circumstances={}))
        every = {"running_mean": arrays.mean, "running_var": arrays.var} if config.tracks else {}
        every |= {"gamma": arrays.gamma} if scale else {}
        every |= {"beta": arrays.beta} if center else {}
        if self._level["memory of loaded"] == "broadcast":
            every = {name: _repeated(value, 0) for name, value in every.items()}
        return {name: every[name] for name in names if name in every}

    # -- calls

    def _ask(self, layer: int = 0) -> None:
        if self._can.parameters:
            self._made.append(Parameters(layer=layer))

    def _forward(self, x: Array, training: bool, *, layer: int = 0, label: str = "") -> None:
        one = x.size // max(1, x.shape[self._case.axis]) <= 1
        memory = self._level["memory of x"] if label else "contiguous"
        call = Forward(
            x,
            training,
            layer=layer,
            memory=memory,
            may_raise=one and self._config().by_batch(training),
            mask=self._mask(x),
            label=label,
        )
        self._made.append(call)
        self._ask(layer)

    def _backward(self, x: Array, *, main: bool = False, may_raise: bool = False) -> None:
        memory = self._level["memory of dy"] if main else "contiguous"
        refused = x.size <= x.shape[self._case.axis]  # One value per feature may have been.
        label = MAIN if main else ""
        may_raise |= refused
        back = int(main and self._level["history"] in OUTSTANDING)
        call = Backward(self._dy(x), memory=memory, may_raise=may_raise, label=label, back=back)
        self._made.append(call)
        self._ask()

    def _load(
        self, held: Mapping[str, Array], *, may_raise: bool = False, layer: int = 0, label: str = ""
    ) -> None:
        if held:
            memory = self._level["memory of loaded"]
            self._made.append(Load(dict(held), layer=layer, memory=memory, may_raise=may_raise, label=label))
            self._ask(layer)

    def _start(self) -> None:
        self._made.append(Build(self._config()))
        self._ask()
        self._load(self._held("gamma", "beta", *self._statistics()), label=MAIN)

    def _statistics(self) -> tuple[str, ...]:
        """Those that have to be given, since no call makes them or since it matters how they lie in memory."""
        if not self._can.inference:
            return ()
        kept = self._can.running and self._can.training and self._level["memory of loaded"] == "contiguous"
        kept = kept and self._config().by_batch(True)
        return () if kept else ("running_mean", "running_var")

    def _before(self) -> None:
        case, can = self._case, self._can
        match self._level["history"]:
            case "1 training call" | "2 training calls" | "7 training calls" as many:
                for number in range(int(many[0])):
                    self._forward(self._batch(10 + number), True)
            case "inference":
                self._forward(self._batch(10), False)
            case "backward":
                x = self._batch(10)
                self._forward(x, True)
                self._backward(x)
            case "load":
                self._forward(self._batch(10), True)
                self._load(self._held("gamma", "beta", number=1))
            case "another layer before":
                self._another_layer()
            case "refused load":
                n = case.n + 1
                name = next((each for each in ("gamma", "beta") if self._held(each)), "running_mean")
                if can.running or name != "running_mean":
                    self._load({name: np.ones(n, numpy_dtype(self._config().held_in))}, may_raise=True)
            case "restored":
                if can.training:
                    self._forward(self._batch(10), True)
                self._made.append(Resume(self._config(), can.saves[0]))
                self._ask()
            case "the same batch":
                self._forward(self._arrays.x, True)
            case "another shape":
                other = case.with_shape(_grown(case, (case.batch_axis,), 1), case.axis)
                self._forward(self._batch(10, other), True)
            case "empty batch":
                x = _locked(self._arrays.x.take([], axis=case.batch_axis))
                self._forward(x, True)
            case "a NaN":
                self._forward(_with_nan(case, self._batch(10)), True)
                self._load(self._held("running_mean", "running_var") if can.running else {})

    def _another_layer(self) -> None:
        self._made.append(Build(self._config(), layer=1))
        self._ask(1)
        if not self._can.parameters:
            self._load(self._held("gamma", "beta", *self._statistics()), layer=1)
        self._forward(self._batch(11), True, layer=1)
        if self._can.gradients_in_training:
            self._made.append(Backward(self._dy(self._arrays.x), layer=1, may_raise=self._case.count <= 1))

    def _main(self) -> None:
        level, x = self._level["call"], self._x()
        statistics = ("running_mean", "running_var")
        match level:
            case "load" | "load gamma" | "load statistics":
                if self._can.training:
                    self._forward(self._batch(12), True)
                names = {"load": ("gamma", "beta", *statistics), "load gamma": ("gamma",)}.get(
                    level, statistics
                )
                self._load(self._held(*names, number=2), label=MAIN)
        training = self._can.training and "inference" not in level
        self._forward(x, training, label=MAIN)
        match self._level["history"]:
            case "another layer between":
                self._another_layer()
                self._ask()
            case "training between":
                self._forward(self._batch(14), True)
            case "inference between":
                self._forward(self._batch(14), False)
        if "backward" in level:
            self._backward(x, main=True)
        if "twice" in level:  # Frameworks free what they differentiated, and then say so.
            self._backward(x, main=True, may_raise=True)


def _apart(shape: tuple[int, ...]) -> list[int]:
    """An index about the middle, as different along each axis as its extents let it."""
    return [(extent // 2 + axis) % extent if extent else 0 for axis, extent in enumerate(shape)]


def _grown(case: Case, axes: tuple[int, ...], by: int) -> tuple[int, ...]:
    return tuple(extent + by if k in axes else extent for k, extent in enumerate(case.shape))


def _repeated(x: Array, axis: int) -> Array:
    """The first slice along an axis in place of all."""
    return _locked(np.repeat(x.take([0], axis=axis), x.shape[axis], axis=axis)) if x.shape[axis] else x


def _with_nan(case: Case, x: Array) -> Array:
    """x with a NaN in the middle of its last feature."""
    index = [extent // 2 for extent in x.shape]
    index[case.feature_axis] = case.n - 1
    x = np.array(x)
    x[tuple(index)] = np.nan
    return _locked(x)


def _locked(x: Any) -> Array:
    x = np.ascontiguousarray(x)
    x.flags.writeable = False
    return np.asarray(x)
