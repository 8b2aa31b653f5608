"""Sound batch norms that differ in what they keep, show and leave out, not in the numbers they compute."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, Gradients, LayerConfig


class _Sound(BatchNorm):
    kind = "sound"
    capabilities = replace(BatchNorm.capabilities, mixed=True)


# -- running statistics


class WeightOfTheNew(_Sound):
    what = "momentum weighs the new batch, the running variance is unbiased, a single value is refused."

    def update(self, mean: Array, var: Array, count: int) -> None:
        if count == 1:  # Before anything moves.
            raise ValueError("training needs more than one value per feature")
        super().update(mean, var, count)

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * count / (count - 1)

    def moved(self, old: Array, new: Array) -> Array:
        return old * self.wide.type(1 - self.momentum) + new * self.wide.type(self.momentum)


class UnbiasedRunningVariance(_Sound):
    what = "momentum weighs the old, the running variance is unbiased, but for a single value."

    def kept_variance(self, var: Array, count: int) -> Array:
        return var * (count / max(1, count - 1))


class UpdateByDifference(_Sound):
    what = "Moves the running statistics by a part of their difference from the batch's."

    def moved(self, old: Array, new: Array) -> Array:
        return old - (old - new) * self.wide.type(1 - self.momentum)


class ZeroDebiased(_Sound):
    what = "A moving average from zero, divided by the weight it has gathered, as in Haiku and Sonnet."

    def create(self) -> dict[str, Array]:
        self._steps = 0
        self._hidden = {name: np.zeros(self.n, self.wide) for name in ("running_mean", "running_var")}
        return super().create() | {"counter": np.zeros((), np.int64)}

    def step(self, name: str, new: Array) -> None:
        if self.momentum == 1:
            return
        hidden = self._hidden[name] = self.moved(self._hidden[name], new.reshape(-1))
        gathered = self.wide.type(1 - self.momentum ** (int(self.held["counter"]) + 1))
        self.held[name] = hidden / gathered

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(mean, var, count)
        self.held["counter"] = self.held["counter"] + 1


class CumulativeAverage(_Sound):
    what = "The plain average of all batches so far, whatever the momentum, as PyTorch's momentum=None."

    def create(self) -> dict[str, Array]:
        return super().create() | {"batches": np.zeros((), np.int64)}

    def update(self, mean: Array, var: Array, count: int) -> None:
        self.held["batches"] = self.held["batches"] + 1
        super().update(mean, var, count)

    def moved(self, old: Array, new: Array) -> Array:
        return old + (new - old) / self.wide.type(self.held["batches"])


class OffersDefaults(WeightOfTheNew):
    what = "As PyTorch: has defaults for epsilon and momentum, and offers a cumulative average."
    capabilities = replace(_Sound.capabilities, defaults=True, cumulative=True)
    _batches = 0

    def start(self, config: LayerConfig) -> None:
        super().start(replace(config, epsilon=1e-5, momentum=0.1) if config.defaults else config)

    def update(self, mean: Array, var: Array, count: int) -> None:
        self._batches += 1
        if self.config.cumulative:
            self.momentum = 1 / self._batches
        super().update(mean, var, count)


# -- parameters


class ColumnParameters(_Sound):
    what = "Parameters are (n, 1)."

    def native(self, name: str, value: Array) -> Array:
        return value.reshape(-1, 1)


class BroadcastParameters(_Sound):
    what = "Parameters have the rank of the input, singleton but for the feature axis: (1, n, 1, 1)."

    def native(self, name: str, value: Array) -> Array:
        shape = [1] * len(self.config.input_shape)
        shape[self.axis] = self.n
        return value.reshape(shape)


class WideParameters(_Sound):
    what = "Holds gamma and beta in float32 for half precision, as mixed-precision training does."

    def create(self) -> dict[str, Array]:
        return {name: value.astype(self.wide) for name, value in super().create().items()}


class BroadcastsScalars(_Sound):
    what = "A scalar loaded as a parameter is taken for every feature."

    def accept(self, name: str, value: Array) -> Array:
        if value.shape == () and name in self.held:
            return np.full(self.n, value, self.held[name].dtype)
        return super().accept(name, value)


# -- what an implementation may leave out


class ReturnsViews(_Sound):
    what = "Returns outputs and gradients that are transposed views."

    def unfold(self, y: Array) -> Array:
        return np.ascontiguousarray(super().unfold(y).T).T


class RefusesEmpty(_Sound):
    what = "An empty batch is an error."

    def choose(self, x: Array) -> tuple[Array, Array]:
        if x.size == 0:
            raise ValueError("the batch is empty")
        return super().choose(x)


class ChannelsSecondOnly(_Sound):
    what = "Takes rank 4 with the features second, and gamma and beta together or not at all."
    capabilities = replace(_Sound.capabilities, ranks=(4,), axes=(1,), affine="joint")

    def start(self, config: LayerConfig) -> None:
        if len(config.input_shape) != 4 or config.axis % 4 != 1 or config.scale != config.center:
            raise NotImplementedError("rank 4, axis 1, scale and center alike")
        super().start(config)


class InferenceOnly(_Sound):
    what = "Normalises by given statistics; cannot train."
    capabilities = replace(_Sound.capabilities, training=False, gradients=False)

    def choose(self, x: Array) -> tuple[Array, Array]:
        if self.training:
            raise NotImplementedError("inference only")
        return super().choose(x)


class FunctionOnly(_Sound):
    what = "A function that is given its parameters and keeps no statistics."
    capabilities = replace(_Sound.capabilities, parameters=False, running=False)

    def parameters(self) -> dict[str, Array]:
        return {}

    def update(self, mean: Array, var: Array, count: int) -> None:
        pass


class ForwardOnly(_Sound):
    what = "Has no gradients."
    capabilities = replace(_Sound.capabilities, gradients=False)

    def backward(self, dy: Array) -> Gradients:
        raise NotImplementedError("no gradients")


class GradientOfInputAlone(_Sound):
    what = "Gamma and beta are not trained: backward gives the gradient of x alone."
    capabilities = replace(_Sound.capabilities, gradients_of=("x",))

    def backward(self, dy: Array) -> Gradients:
        return Gradients(super().backward(dy).x)


class ConstantsOfItsOwn(_Sound):
    what = "Has an epsilon and a momentum of its own, and takes no others."
    capabilities = replace(_Sound.capabilities, epsilon=2e-3, momentum=0.7)

    def start(self, config: LayerConfig) -> None:
        super().start(replace(config, epsilon=2e-3, momentum=0.7))


class TrainingOnly(_Sound):
    what = "Normalises by the batch only, and neither keeps statistics nor takes them."
    capabilities = replace(_Sound.capabilities, inference=False, running=False)

    def create(self) -> dict[str, Array]:
        return {name: v for name, v in super().create().items() if name in ("gamma", "beta")}

    def update(self, mean: Array, var: Array, count: int) -> None:
        pass

    def choose(self, x: Array) -> tuple[Array, Array]:
        if not self.training:
            raise NotImplementedError("training only")
        return super().choose(x)
