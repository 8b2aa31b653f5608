"""Every impostor of several circumstances is wrong where they come together, and right where any of them is plain.

A scene has one level for each circumstance. It is played on an impostor and on the plain batch norm that it varies.
Where the impostor is right, every array is the same to the last bit.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from conformance.gallery import circumstances_dy as dy_
from conformance.gallery import circumstances_forms as forms
from conformance.gallery import circumstances_history as history
from conformance.gallery import circumstances_loaded as loaded
from conformance.gallery import circumstances_numbers as numbers
from conformance.gallery import circumstances_shape as shape
from conformance.gallery import circumstances_x as x_
from conformance.gallery import in_circumstances
from conformance.gallery.conjunctions import Conjunction, Cumulative, Memory
from conformance.gallery.forms import MaskedBatchNorm, ReplicatedBatchNorm
from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, LayerConfig
from conformance.protocol.codec import numpy_dtype
from conformance.protocol.layouts import LAYOUTS, lay_out

Scene = Mapping[str, Any]

PLAIN: Scene = {
    "call": "training",
    "history": "nothing",
    "shape": "rank 2",
    "built for": "the same",
    "features": 3,
    "values per feature": 12,
    "memory of x": "contiguous",
    "memory of dy": "contiguous",
    "memory of loaded": "contiguous",
    "dtype": "float32",
    "affine": "both",
    "parameters": "random",
    "epsilon": 1e-5,
    "momentum": 0.9,
    "values": "normal",
    "dy": "normal",
    "replicas": 1,
    "mask": "none",
}

X, DY, LOADED, N = "memory of x", "memory of dy", "memory of loaded", "values per feature"

#: For each impostor, levels of its circumstances at which it is wrong.
TOGETHER: dict[type[BatchNorm], Scene] = {
    x_.PermutedTailNotCentred: {X: "fortran", "features": 9},
    x_.StridedRemainderUnwritten: {X: "strided", N: 35},
    x_.PlanOfFirstLayout: {X: "fortran", "history": "training"},
    x_.ReversedSampleReadForwards: {X: "negative", "shape": "batch of 1"},
    x_.MisalignedHalfShifted: {X: "misaligned", "dtype": "bfloat16"},
    x_.StridedEpsilonLost: {X: "strided", "epsilon": 0.5},
    x_.BroadcastWithoutGammaHalved: {X: "broadcast", "affine": "beta"},
    x_.ReadOnlyMomentumZero: {X: "read-only", "momentum": 0.0},
    x_.PermutedShiftKept: {X: "fortran", "values": "far"},
    x_.OffsetGammaSaturates: {X: "offset", "parameters": "large"},
    x_.ReversedSecondBackward: {X: "negative", "call": "backward twice"},
    x_.BothPermuted: {X: "fortran", DY: "transposed"},
    x_.BuiltShorterAndStrided: {X: "strided", "built for": "another batch"},
    x_.FeaturesLastAfterInference: {X: "fortran", "shape": "last", "history": "inference"},
    x_.StridedInferenceOfManyFeatures: {X: "strided", "features": 33, "call": "inference"},
    x_.PermutedHalfWithoutBeta: {X: "fortran", N: 35, "dtype": "float16"},
    x_.WorkspaceOfBuiltBatch: {X: "strided", "built for": "another batch", "history": "training"},
    x_.MisalignedBesideReversed: {X: "misaligned", DY: "negative", "shape": "first"},
    x_.ReversedVarianceHalved: {X: "negative", N: 129, "momentum": 0.0},
    x_.OffsetWithSingleAxis: {X: "offset", "shape": "axis of 1", "affine": "gamma"},
    dy_.PermutedAfterBackward: {DY: "fortran", "history": "backward"},
    dy_.StridedTailWithoutGradient: {DY: "strided", "features": 9},
    dy_.BroadcastWithoutBeta: {DY: "broadcast", "affine": "gamma"},
    dy_.ReversedLosesLastTerms: {DY: "negative", N: 36},
    dy_.MisalignedDoubleNarrowed: {DY: "misaligned", "dtype": "float64"},
    dy_.PermutedSquareSummedAcross: {DY: "fortran", "shape": "square"},
    dy_.StridedAfterInference: {DY: "strided", "call": "inference"},
    dy_.ReadOnlyOneHot: {DY: "read-only", "dy": "one place"},
    dy_.OffsetEpsilonLost: {DY: "offset", "epsilon": 0.5},
    dy_.StridedInAnotherShape: {DY: "strided", "built for": "another batch"},
    dy_.BroadcastGammaSaturates: {DY: "broadcast", "parameters": "large"},
    dy_.SumsLeftInWorkspace: {DY: "offset", "shape": "last", "history": "backward"},
    dy_.BroadcastZeroGamma: {DY: "broadcast", "parameters": "zero", "features": 9},
    dy_.PermutedSecondBackward: {DY: "fortran", N: 132, "call": "backward twice"},
    dy_.ReversedHalfWithoutGamma: {DY: "negative", "affine": "neither", "dtype": "float16"},
    dy_.BackwardMovesVariance: {DY: "misaligned", "momentum": 0.5, "history": "inference"},
    dy_.StridedLargeOfConstant: {DY: "strided", "dy": "large", "values": "constant"},
    loaded.StridedVectorShort: {LOADED: "strided", "features": 15},
    loaded.ReversedVectorAfterCall: {LOADED: "negative", "history": "load in between"},
    loaded.MisalignedVectorOfHalf: {LOADED: "misaligned", "dtype": "float16"},
    loaded.BroadcastVectorWithoutBeta: {LOADED: "broadcast", "affine": "gamma"},
    loaded.ReadOnlyWithFeaturesFirst: {LOADED: "read-only", "shape": "first"},
    loaded.OffsetGammaAlone: {LOADED: "offset", "call": "load gamma"},
    loaded.ReversedIntoFrozen: {LOADED: "negative", "momentum": 1.0},
    loaded.OffsetGammaAndInput: {LOADED: "offset", X: "offset"},
    loaded.StridedZeroGamma: {LOADED: "strided", "parameters": "zero"},
    loaded.MisalignedGammaAndUpstream: {LOADED: "misaligned", DY: "misaligned"},
    loaded.StridedStatisticsAlone: {LOADED: "strided", "call": "load statistics", "history": "training"},
    loaded.OffsetVectorOfNegativeAxis: {LOADED: "offset", "features": 33, "shape": "negative"},
    loaded.ReadOnlyDoubleWithEpsilon: {LOADED: "read-only", "dtype": "float64", "epsilon": 0.5},
    loaded.ReversedVectorAndPermutedInput: {LOADED: "negative", X: "fortran", "history": "inference"},
    history.ManyFeaturesFrozen: {"history": "training", "features": 33},
    history.LongBatchAfterEmpty: {"history": "empty batch", N: 35},
    history.BufferOfFormerShape: {"history": "another shape", "shape": "first"},
    history.SharedWorkspaceWithoutGamma: {"history": "another layer", "affine": "neither"},
    history.RefusedLoadUnsetsGamma: {"history": "refused load", "parameters": "zero"},
    history.EpsilonTwiceAfterInference: {"history": "inference", "epsilon": 0.5},
    history.LateBiasCorrection: {"history": "7 training calls", "momentum": 0.99},
    history.GammaDecaysWithFrozen: {"history": "training", "momentum": 1.0},
    history.SameConstantBatch: {"history": "same batch", "values": "constant"},
    history.LargeGradientAfterBackward: {"history": "backward", "dy": "large"},
    history.ReloadedInferenceWithoutGamma: {"history": "load in between", "call": "inference"},
    history.VarianceOfBuiltBatch: {"history": "training", "built for": "another batch"},
    history.DoubleStateInHalf: {"history": "training", "dtype": "float64"},
    history.CumulativeCountsInference: {"history": "inference", "momentum": "cumulative"},
    history.LastSliceAfterTraining: {"history": "training", "shape": "rank 5", "affine": "gamma"},
    history.TailSharedBetweenLayers: {"history": "another layer", "shape": "axis of 1", "features": 9},
    history.LongAverageFrozen: {"history": "7 training calls", N: 129, "momentum": 0.0},
    history.IdentityOfInference: {"history": "training", "call": "inference", "parameters": "one and zero"},
    history.HalfEpsilonAfterInference: {"history": "inference", "epsilon": 0.5, "dtype": "float16"},
    history.ZerosOfSameBatch: {"history": "same batch", "values": "zeros", "features": 9},
    history.EmptyThenBackwardTwice: {"history": "empty batch", "call": "backward twice", "shape": "last"},
    shape.FeaturesFirstInBlocks: {"shape": "first", "features": 33},
    shape.LastSliceOfRankFive: {"shape": "rank 5", N: 132},
    shape.ColumnGradientOfBetaAlone: {"shape": "axis of 1", "affine": "beta"},
    shape.FeaturesLastInHalf: {"shape": "last", "dtype": "float16"},
    shape.EpsilonOutsideOfRoot: {"shape": "batch of 1", "epsilon": 0.5},
    shape.NegativeAxisReplacesNothing: {"shape": "negative", "momentum": 0.0},
    shape.SquareOfConstants: {"shape": "square", "values": "constant"},
    shape.SpaceOfFeaturesOneHot: {"shape": "space of features", "dy": "one place"},
    shape.EmptyWithFeaturesFirst: {"shape": "first", "call": "empty batch"},
    shape.FeaturesFirstOfOtherExtent: {"shape": "first of rank 3", "built for": "other extents"},
    shape.HalfTailWithFeaturesLast: {"shape": "last", "features": 9, "dtype": "bfloat16"},
    shape.LongRowsOfLargeGamma: {"shape": "axis of 1", N: 35, "parameters": "large"},
    shape.InstanceWithoutStatistics: {"shape": "batch of 1", "call": "inference", "momentum": 0.5},
    shape.RankThreeOfNegativeGamma: {"shape": "rank 3", "features": 17, "parameters": "negative"},
    numbers.ManyFeaturesNotReplaced: {"features": 65, "momentum": 0.0},
    numbers.LongSumsOfHalf: {N: 260, "dtype": "float16", "values": "constant"},
    numbers.HugeInInference: {"values": "huge", "call": "inference"},
    numbers.ZeroGammaSecondBackward: {"parameters": "zero", "call": "backward twice"},
    numbers.BetaAloneInHalf: {"affine": "beta", "dtype": "bfloat16"},
    numbers.InferenceMovesManyMeans: {"features": 33, "call": "inference"},
    numbers.TinyWithEpsilon: {"values": "tiny", "epsilon": 1e-8},
    numbers.LargeGradientOfHalf: {"dy": "large", "dtype": "float16"},
    numbers.BareInferenceGradient: {"affine": "neither", "epsilon": 0.5, "call": "inference"},
    numbers.OneHotOfTiny: {"values": "tiny", "dy": "one place", "affine": "beta"},
    numbers.LongBatchOfHugeValues: {N: 36, "momentum": 0.99, "values": "huge"},
    forms.MaskedCountAfterTraining: {"mask": "some", "history": "training"},
    forms.MaskedPermutedMean: {"mask": "some", X: "fortran"},
    forms.MaskedHalfReplaced: {"mask": "some", "dtype": "float16", "momentum": 0.0},
    forms.ReplicasWithoutGamma: {"replicas": 2, "affine": "beta"},
    forms.ReplicasApartLater: {"replicas": 2, "history": "training"},
    forms.UnevenPartWithFeaturesLast: {"replicas": 2, "shape": "last"},
    forms.ReplicasOfPermutedFeatures: {"replicas": 2, X: "fortran", "features": 9},
    forms.ReplicasOfMomentumAndEpsilon: {"replicas": 2, "epsilon": 0.5, "momentum": 0.0},
    forms.ReplicasOfOneHot: {"replicas": 2, "dy": "one place"},
}

#: Levels that bring another circumstance along: what calls came before, or how many values there are.
BRINGS = {
    ("history", "inference"): "call",
    ("history", "empty batch"): "call",
    ("call", "empty batch"): "history",
    ("shape", "square"): N,
    ("shape", "space of features"): N,
}

SHAPES: dict[str, Callable[[int, int], tuple[tuple[int, ...], int]]] = {
    "rank 2": lambda n, count: ((count, n), 1),
    "rank 3": lambda n, count: ((count // 3, n, 3), 1),
    "rank 5": lambda n, count: ((count // 12, n, 3, 2, 2), 1),
    "last": lambda n, count: ((count // 4, 2, 2, n), 3),
    "first": lambda n, count: ((n, count), 0),
    "first of rank 3": lambda n, count: ((n, count // 3, 3), 0),
    "negative": lambda n, count: ((count, n), -1),
    "batch of 1": lambda n, count: ((1, n, count), 1),
    "axis of 1": lambda n, count: ((count, n, 1), 1),
    "square": lambda n, _: ((n, n), 1),
    "space of features": lambda n, _: ((4, n, n), 1),
}


class Player:
    """Plays one scene on one class. The numbers follow from the scene alone."""

    def __init__(self, cls: type[BatchNorm], scene: Scene) -> None:
        self.scene = dict(PLAIN) | dict(scene)
        self.random = np.random.default_rng(7)
        self.dtype = numpy_dtype(self.scene["dtype"])
        self.shape, self.axis = SHAPES[self.scene["shape"]](self.scene["features"], self.scene[N])
        self.batch_axis = 0 if self.axis % len(self.shape) else 1
        self.n = self.shape[self.axis]
        self.cls, self.config = cls, self._config()
        self.layer = cls().build(self.config)
        self.outcome: list[Array | str] = []

    def _config(self) -> LayerConfig:
        momentum, affine = self.scene["momentum"], self.scene["affine"]
        return LayerConfig(
            self._built_shape(),
            self.axis,
            self.scene["dtype"],
            self.scene["epsilon"],
            0.9 if momentum == "cumulative" else momentum,
            scale=affine in ("both", "gamma"),
            center=affine in ("both", "beta"),
            cumulative=momentum == "cumulative",
            replicas=self.scene["replicas"],
        )

    def _built_shape(self) -> tuple[int, ...]:
        """Of another batch size, or of other extents in space where there is space."""
        built = list(self.shape)
        if self.scene["built for"] == "another batch":
            built[self.batch_axis] += 3
        elif self.scene["built for"] == "other extents":
            space = [k for k in range(len(built)) if k not in (self.batch_axis, self.axis % len(built))]
            for k in space:
                built[k] += 2
        return tuple(built)

    # -- what is put in

    def x(self) -> Array:
        z = self.random.normal(size=self.shape)
        match self.scene["values"]:
            case "zeros":
                z = np.round(z)
            case "constant":
                z = np.full(self.shape, 1.5)
            case "far":
                z = z + 8
            case "tiny":
                z = z * 1e-3
            case "huge":
                z = z * 2000
        if self.scene[X] == "broadcast":
            z = np.repeat(z.take([0], axis=self.axis), self.n, axis=self.axis)
        return z.astype(self.dtype)

    def dy(self) -> Array:
        dy = self.random.normal(size=self.shape)
        match self.scene["dy"]:
            case "one place":
                one = np.zeros_like(dy)
                one.flat[1] = 2.0
                dy = one
            case "large":
                dy = dy * 100
        if self.scene[DY] == "broadcast":
            axis = self.batch_axis
            dy = np.repeat(dy.take([0], axis=axis), self.shape[axis], axis=axis)
        return dy.astype(self.dtype)

    def parameters(self) -> dict[str, Array]:
        gamma, beta, mean, var = self.random.normal(size=(4, self.n))
        gamma, var = np.abs(gamma) + 0.5, np.abs(var) + 0.5
        match self.scene["parameters"]:
            case "negative":
                gamma = -gamma
            case "zero":
                gamma[-1] = 0
            case "large":
                gamma = 100 * gamma
            case "one and zero":
                gamma, beta = np.ones(self.n), np.zeros(self.n)
        given = {"gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
        if self.scene[LOADED] == "broadcast":
            given = {name: np.full(self.n, value[0]) for name, value in given.items()}
        wide = np.float64 if self.scene["dtype"] == "float64" else np.float32
        typed = {k: v.astype(wide if k.startswith("running") else self.dtype) for k, v in given.items()}
        return {name: self.laid(value, LOADED) for name, value in typed.items() if name in self.layer.held}

    def laid(self, a: Array, which: str) -> Array:
        memory = self.scene[which]
        return offset(a) if memory == "offset" else lay_out(a, memory)

    def mask(self) -> dict[str, Array]:
        around = tuple(extent for k, extent in enumerate(self.shape) if k != self.axis % len(self.shape))
        mask = np.ones(around, bool)
        match self.scene["mask"]:
            case "none":
                return {}
            case "some":
                mask.flat[::3] = False
            case "a sample":
                mask[1:2] = False
        return {"mask": mask}

    # -- what is called

    def play(self) -> list[Array | str]:
        with np.errstate(all="ignore"):
            try:
                self.layer.load(self.parameters())
                x = self.x()
                self._past(x)
                self.outcome.clear()  # what came before may be wrong for circumstances of its own
                self.show()
                self._present(x)
            except (RuntimeError, ValueError, TypeError) as error:
                self.outcome.append(f"{type(error).__name__}: {error}")
            return self.outcome

    def _past(self, x: Array) -> None:
        match self.scene["history"]:
            case "training":
                self.forward(self.x())
            case "7 training calls":
                for _ in range(7):
                    self.forward(self.x())
            case "inference":
                self.forward(self.x(), training=False)
            case "backward":
                self.forward(self.x())
                self.backward()
            case "load in between":
                self.forward(self.x())
                self.layer.load(self.parameters())
            case "another layer":
                other, own = self.cls().build(self.config), self.layer
                self.layer = other
                self.forward(self.x())
                self.layer = own
            case "refused load":
                with pytest.raises(ValueError, match="running_mean must have shape"):
                    self.layer.load({"running_mean": np.zeros(self.n + 1, self.dtype)})
            case "same batch":
                self.forward(x)
            case "another shape":
                self.forward(np.concatenate([self.x(), self.x()], axis=self.batch_axis), masked=False)
            case "empty batch":
                self.forward(x.take([], axis=self.batch_axis), masked=False)

    def _present(self, x: Array) -> None:
        call = self.scene["call"]
        if call.startswith("load"):
            kept = ("gamma",) if call == "load gamma" else ("running_mean", "running_var")
            self.layer.load({name: value for name, value in self.parameters().items() if name in kept})
            self.show()
        if call == "empty batch":
            self.forward(x.take([], axis=self.batch_axis), masked=False)
        self.forward(x, training=call != "inference")
        self.backward()
        if call == "backward twice":
            self.backward()

    def forward(self, x: Array, *, training: bool = True, masked: bool = True) -> None:
        more: dict[str, Any] = self.mask() if masked and isinstance(self.layer, MaskedBatchNorm) else {}
        self.outcome.append(self.layer.forward(self.laid(x, X), training=training, **more))
        self.show()

    def backward(self) -> None:
        self.outcome += [each for each in self.layer.backward(self.laid(self.dy(), DY)) if each is not None]
        self.show()

    def show(self) -> None:
        self.outcome += self.layer.parameters().values()


def offset(a: Array) -> Array:
    """The array, from the third element of its memory on."""
    buffer = np.zeros(a.size + 2, a.dtype)
    buffer[2:] = a.ravel()
    return buffer[2:].reshape(a.shape)


class _PlainCumulative(Cumulative):
    """It is right itself."""


def plain(cls: type[BatchNorm]) -> type[BatchNorm]:
    """The batch norm that an impostor varies."""
    for base, right in ((Cumulative, _PlainCumulative), (MaskedBatchNorm, None), (ReplicatedBatchNorm, None)):
        if issubclass(cls, base):
            return right or base
    return BatchNorm


def is_wrong(cls: type[BatchNorm], scene: Scene) -> bool:
    got, due = Player(cls, scene).play(), Player(plain(cls), scene).play()
    return len(got) != len(due) or not all(map(_same, got, due))


def _same(got: Array | str, due: Array | str) -> bool:
    if isinstance(got, str) or isinstance(due, str):
        return isinstance(got, str) and isinstance(due, str) and got == due
    return got.dtype == due.dtype and got.shape == due.shape and got.tobytes() == due.tobytes()


LEVELS = {
    name: list(dict.fromkeys([PLAIN[name], *(scene[name] for scene in TOGETHER.values() if name in scene)]))
    for name in PLAIN
}
EVERY = pytest.mark.parametrize("cls", TOGETHER, ids=lambda cls: cls.__name__)


def test_each_is_there() -> None:
    targets = {f"{cls.__module__}:{cls.__name__}" for cls in TOGETHER}
    there = [each for each in in_circumstances() if each.kind == "conjunction"]
    assert {each.target for each in there} == targets
    assert all(not each.sound and each.what and len(each.circumstances) in (2, 3) for each in there)


@EVERY
def test_its_circumstances_are_those_it_takes(cls: type[BatchNorm]) -> None:
    assert cls.circumstances == tuple(TOGETHER[cls])
    assert set(cls.circumstances) <= set(PLAIN)


@EVERY
def test_is_wrong_where_they_come_together(cls: type[BatchNorm]) -> None:
    assert is_wrong(cls, TOGETHER[cls])


@EVERY
def test_is_right_where_one_of_them_is_plain(cls: type[BatchNorm]) -> None:
    assert not is_wrong(cls, PLAIN)
    for name in TOGETHER[cls]:
        rest = {key: level for key, level in TOGETHER[cls].items() if key != name}
        assert not is_wrong(cls, rest), f"wrong though {name} is plain"


@EVERY
def test_is_right_in_the_circumstances_of_the_others(cls: type[BatchNorm]) -> None:
    """One of its own plain, the rest of them as they are, and all the others anything."""
    takes = {"mask": MaskedBatchNorm, "replicas": ReplicatedBatchNorm}
    chance = random.Random(cls.__name__)
    for name in 3 * list(TOGETHER[cls]):
        scene = dict(PLAIN)
        for key, levels in LEVELS.items():
            if issubclass(cls, takes.get(key, BatchNorm)):
                scene[key] = chance.choice([level for level in levels if BRINGS.get((key, level)) != name])
        if scene["momentum"] == "cumulative" and not issubclass(cls, Cumulative):
            scene["momentum"] = 0.5
        scene |= dict(TOGETHER[cls]) | {name: PLAIN[name]}
        assert not is_wrong(cls, scene), f"wrong though {name} is plain: {scene}"


@pytest.mark.parametrize(
    ("memory", "so"),
    [
        ("contiguous", Memory()),
        ("fortran", Memory(contiguous=False, permuted=True)),
        ("transposed", Memory(contiguous=False, permuted=True)),
        ("strided", Memory(contiguous=False, strided=True)),
        ("negative", Memory(contiguous=False, reversed=True)),
        ("misaligned", Memory(misaligned=True)),
        ("read-only", Memory(read_only=True)),
        ("broadcast", Memory(contiguous=False, repeated=True)),
    ],
)
def test_memory_is_known(memory: str, so: Memory) -> None:
    for dtype, shape_ in itertools.product(("float32", "float16", "bfloat16"), ((4, 3), (2, 1, 3, 2))):
        a = np.ones(shape_, numpy_dtype(dtype))
        assert Memory.of(lay_out(a, memory)) == so
    assert memory in LAYOUTS


def test_an_axis_of_one_is_contiguous_however_it_lies() -> None:
    a = np.ones((4, 1, 3), np.float32)
    for layout in (lay_out(a[:, :, :1], "fortran"), lay_out(a[:1, :, :1], "negative"), a[:1][::-1]):
        assert Memory.of(layout).contiguous
    assert Memory.of(offset(a)) == Memory(offset=True)


def test_the_base_is_right() -> None:
    for scene in TOGETHER.values():
        if not {"mask", "replicas"} & set(scene) and scene.get("momentum") != "cumulative":
            assert not is_wrong(Conjunction, scene)
