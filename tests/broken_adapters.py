"""Adapters with what people get wrong, each of a batch norm that is right. For workers to import, by path."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.gallery.impostors_mixed import StatisticsKeptInHalf
from conformance.implementation import Capabilities, Gradients, LayerConfig
from conformance.templates.numpy import MyBatchNorm, MyBatchNormLayer


class Sound(MyBatchNorm):
    """Subclasses give another layer."""

    class Layer(MyBatchNormLayer):
        pass

    def build(self, config: LayerConfig) -> Any:
        return self.Layer(config)


class ReturnsATensor(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            import torch

            return torch.from_numpy(super().forward(x, training=training))


class ForgetsToReturn(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            super().forward(x, training=training)


class ReturnsATuple(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x, training=training), self.held["running_mean"]


class Widens(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x, training=training) * np.ones(1)


class KeepsTheAxisMoved(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return np.moveaxis(super().forward(x, training=training), self.config.axis, -1)


class Flattens(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x, training=training).ravel()


class NoTrainingArgument(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any) -> Any:  # type: ignore[override]
            return x


class ForeignNames(Sound):
    class Layer(MyBatchNormLayer):
        def parameters(self) -> Any:
            foreign = {"gamma": "weight", "beta": "bias"}
            return {foreign.get(name, name): value for name, value in self.held.items()}


class NoStatistics(Sound):
    class Layer(MyBatchNormLayer):
        def parameters(self) -> Any:
            return {name: self.held[name] for name in ("gamma", "beta") if name in self.held}


class ListOfParameters(Sound):
    class Layer(MyBatchNormLayer):
        def parameters(self) -> Any:
            return list(self.held.values())


class LoadsNothing(Sound):
    class Layer(MyBatchNormLayer):
        def load(self, parameters: Mapping[str, Any]) -> None: ...


class IgnoresScale(Sound):
    class Layer(MyBatchNormLayer):
        def __init__(self, config: LayerConfig) -> None:
            super().__init__(LayerConfig(config.input_shape, config.axis, config.dtype))


class NoBackward(Sound):
    class Layer:
        def __init__(self, config: LayerConfig) -> None:
            own = MyBatchNormLayer(config)
            self.parameters, self.load, self.forward = own.parameters, own.load, own.forward


class GradientsInAnotherOrder(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            x, gamma, beta = super().backward(dy)
            return gamma, beta, x


class GammaForBeta(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            x, gamma, beta = super().backward(dy)
            return Gradients(x, beta, gamma)


class GradientOfXAlone(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            return Gradients(super().backward(dy).x)


class GradientNotSummed(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            return super().backward(dy)._replace(beta=dy)


class IsNaNAlongTheFirstAxis(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            y = super().forward(x, training=training)
            return y * np.nan if self.config.feature_axis == 0 else y


class FixedEpsilon(Sound):
    class Layer(MyBatchNormLayer):
        def __init__(self, config: LayerConfig) -> None:
            super().__init__(replace(config, epsilon=1e-5))


class FixedMomentum(Sound):
    class Layer(MyBatchNormLayer):
        def __init__(self, config: LayerConfig) -> None:
            super().__init__(replace(config, momentum=0.9))


class StatisticsStay(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            held = dict(self.held)
            y = super().forward(x, training=training)
            self.held = held
            return y


class AlwaysTrains(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x, training=True)


class NeverTrains(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x, training=False)


class NoOffset(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x, training=training) - 1


class TakesAnyNumberOfValues(Sound):
    class Layer(MyBatchNormLayer):
        def load(self, parameters: Mapping[str, Any]) -> None:
            n = self.held["running_mean"].size
            super().load({name: value[:n] for name, value in parameters.items()})


class UnusedMask(Sound):
    capabilities = replace(MyBatchNorm.capabilities, mask=True, ranks=(2,))

    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool, mask: Any = None) -> Any:
            return super().forward(x, training=training)


class GradientOfTrainingAlways(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            y = super().forward(x, training=training)
            if not training:
                held = dict(self.held)
                super().forward(x, training=True)
                self.held = held
            return y


class GradientAfterTrainingAlone(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            if not self.training:
                raise KeyError("cache")
            return super().backward(dy)


class GradientAfterTrainingAloneAsDeclared(GradientAfterTrainingAlone):
    capabilities = replace(MyBatchNorm.capabilities, gradients="training")


class HasItsOwn(Sound):
    capabilities = replace(MyBatchNorm.capabilities, gradients_of=("x",), epsilon=1e-3, momentum=0.9)

    class Layer(GradientOfXAlone.Layer):
        def __init__(self, config: LayerConfig) -> None:
            super().__init__(replace(config, epsilon=1e-3, momentum=0.9))


class EpsilonThatIsNone(Sound):
    capabilities = replace(MyBatchNorm.capabilities, epsilon=float("nan"))


class GradientsOfNothing(Sound):
    capabilities = replace(MyBatchNorm.capabilities, gradients_of=())


class MixedInName(StatisticsKeptInHalf):
    """Keeps its statistics in the dtype of x, whatever it declares."""


class GradientOfAnEarlierCall(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            y = super().forward(x, training=training)
            self.first = getattr(self, "first", self.xhat)
            self.xhat = self.first * 2
            return y


class OutstandingInName(Sound):
    capabilities = replace(Sound.capabilities, outstanding=True)


class OutstandingOfTheLast(OutstandingInName):
    class Layer(Sound.Layer):
        def backward(self, dy: Any, *, back: int = 0) -> Any:
            return super().backward(dy)


class FrozenInName(Sound):
    capabilities = replace(Sound.capabilities, frozen=("statistics",))


class SavesInName(Sound):
    capabilities = replace(Sound.capabilities, saves=("json",))


class SavesNothing(SavesInName):
    class Layer(Sound.Layer):
        def save(self, format: str) -> bytes:
            return b""

        def restore(self, format: str, saved: bytes) -> None:
            pass


class RefusesNegativeStrides(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            _refuse_negative(x)
            return super().forward(x, training=training)


class RefusesNegativeStridesOfDy(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            _refuse_negative(dy)
            return super().backward(dy)


def _refuse_negative(x: Any) -> None:
    if min(x.strides) < 0:
        raise ValueError("At least one stride in the given numpy array is negative")


class ListOfGradients(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            return list(super().backward(dy))


class RefusesFloat64(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            if x.dtype == np.float64:
                raise TypeError("expected Float but found Double")
            return super().forward(x, training=training)


class RefusesRank5(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            if x.ndim == 5:
                raise ValueError("at most 4 axes")
            return super().forward(x, training=training)


class RefusesFeaturesFirst(Sound):
    class Layer(MyBatchNormLayer):
        def __init__(self, config: LayerConfig) -> None:
            if config.axis == 0:
                raise ValueError("features come second")
            super().__init__(config)


class RefusesToLeaveOut(Sound):
    class Layer(MyBatchNormLayer):
        def __init__(self, config: LayerConfig) -> None:
            if not (config.scale and config.center):
                raise ValueError("there is always a scale and an offset")
            super().__init__(config)


class Raises(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            return super().forward(x.undefined, training=training)


class BuildsNothing(Sound):
    def build(self, config: LayerConfig) -> Any:
        self.Layer(config)


class BuildTakesNothing(Sound):
    def build(self) -> Any:  # type: ignore[override]
        return None


class Prints(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            print("mean of x:", x.mean())
            return super().forward(x, training=training)


class Crashes(Sound):
    class Layer(MyBatchNormLayer):
        def backward(self, dy: Any) -> Any:
            os.abort()


class Hangs(Sound):
    class Layer(MyBatchNormLayer):
        def forward(self, x: Any, *, training: bool) -> Any:
            time.sleep(3600)


# -- what does not start


class NoBuild:
    name, version, capabilities = "no build", "1", Capabilities()


class NoVersion(Sound):
    version = property()  # as if there were none


class CapabilitiesOfADict(Sound):
    capabilities = {"dtypes": ("float32",)}  # type: ignore[assignment]  # noqa: RUF012


class CapabilitiesNotMade(Sound):
    capabilities = Capabilities  # type: ignore[assignment]


class DtypesOfAString(Sound):
    capabilities = Capabilities(dtypes="float32")  # type: ignore[arg-type]


class DtypesOfNumPy(Sound):
    capabilities = Capabilities(dtypes=(np.float32,))  # type: ignore[arg-type]


class UnknownDtype(Sound):
    capabilities = Capabilities(dtypes=("float32", "float8"))


class GradientsAfterNoCallItMakes(Sound):
    capabilities = Capabilities(inference=False, running=False, gradients="inference")


class NeedsArguments(Sound):
    def __init__(self, features: int) -> None:
        self.features = features
