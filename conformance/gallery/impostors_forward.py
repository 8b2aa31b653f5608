"""Impostors whose formula is wrong, in training or in inference."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, LayerConfig


class _Forward(BatchNorm):
    kind = "forward"
    sound = False


class EpsilonOutsideRoot(_Forward):
    what = "Divides by sqrt(var) + epsilon."
    link = "https://github.com/keras-team/keras/pull/10427"
    deviation = "epsilon-outside-root"

    def inverse(self, var: Array) -> Array:
        return 1 / (np.sqrt(var) + self.epsilon)


class EpsilonMissing(_Forward):
    what = "Divides by sqrt(var)."
    link = "https://github.com/Tencent/ncnn/issues/303"
    deviation = "epsilon-missing"

    def inverse(self, var: Array) -> Array:
        return 1 / np.sqrt(var)


class EpsilonMissingInInference(_Forward):
    what = "Leaves epsilon out in inference."
    link = "https://github.com/chainer/chainer/pull/2214"
    deviation = "epsilon-missing"

    def inverse(self, var: Array) -> Array:
        return 1 / np.sqrt(var + self.epsilon * self.training)


class EpsilonSquared(_Forward):
    what = "Adds the square of epsilon to the variance."
    deviation = "epsilon-squared"

    def inverse(self, var: Array) -> Array:
        return 1 / np.sqrt(var + self.epsilon * self.epsilon)


class EpsilonTwice(_Forward):
    what = "Adds epsilon to the variance, and once more to its root."
    deviation = "epsilon-inside-and-outside"

    def inverse(self, var: Array) -> Array:
        return 1 / (np.sqrt(var + self.epsilon) + self.epsilon)


class EpsilonFixed(_Forward):
    what = "Uses 1e-3 for epsilon whatever was asked for."
    link = "https://github.com/Xilinx/finn-base/pull/21"
    deviation = "epsilon-fixed-0.001"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.epsilon = self.wide.type(1e-3)


class EpsilonAsFloor(_Forward):
    what = "Takes epsilon for the least variance instead of adding it."
    deviation = "epsilon-as-floor"

    def inverse(self, var: Array) -> Array:
        return 1 / np.sqrt(np.maximum(var, self.epsilon))


class DividesByVariance(_Forward):
    what = "Divides by var + epsilon and not by its root."
    deviation = "standard-deviation-not-variance"

    def inverse(self, var: Array) -> Array:
        return 1 / (var + self.epsilon)


class MultipliesByDeviation(_Forward):
    what = "Multiplies by sqrt(var + epsilon) instead of dividing."
    deviation = "multiplied-by-deviation"

    def inverse(self, var: Array) -> Array:
        return np.sqrt(var + self.epsilon)


class NoNormalisation(_Forward):
    what = "y = gamma x + beta."
    deviation = "no-normalisation"

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return x


class MeanNotSubtracted(_Forward):
    what = "Divides by the deviation, but does not subtract the mean."
    deviation = "mean-not-subtracted"

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return x * self.inverse(var)


class MeanOnly(_Forward):
    what = "Subtracts the mean, but does not divide by the deviation."
    deviation = "variance-not-divided-out"

    def inverse(self, var: Array) -> Array:
        return np.ones_like(var)


class RunningStatisticsInTraining(_Forward):
    what = "Normalises by the running statistics in training too."
    deviation = "running-stats-in-training"

    def choose(self, x: Array) -> tuple[Array, Array]:
        before = self.given()
        super().choose(x)
        return before


class UpdatedStatisticsInTraining(_Forward):
    what = "In training takes the batch into the running statistics first, and normalises by those."

    def choose(self, x: Array) -> tuple[Array, Array]:
        super().choose(x)
        return self.given()


class BatchStatisticsInInference(_Forward):
    what = "Normalises by the statistics of the batch in inference too."
    deviation = "batch-stats-in-inference"

    def choose(self, x: Array) -> tuple[Array, Array]:
        return super().choose(x) if self.training or x.size == 0 else self.statistics(x)


class BatchMeanInInference(_Forward):
    what = "In inference divides by the running deviation, but subtracts the mean of the batch."

    def choose(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().choose(x)
        return (mean if self.training or x.size == 0 else self.average(x)), var


class BetaForgottenInInference(_Forward):
    what = "Does not add beta in inference: the sum is computed and dropped."
    link = "https://github.com/nntrainer/nntrainer/issues/771"
    deviation = "beta-ignored"

    def affine(self, xhat: Array) -> Array:
        return super().affine(xhat) if self.training else xhat * self.gamma


class RunningDeviationTakenForVariance(_Forward):
    what = "In inference squares the running variance, as if it were a standard deviation."
    deviation = "variance-stored-as-std"

    def given(self) -> tuple[Array, Array]:
        mean, var = super().given()
        return mean, var * var


class ClippedOutput(_Forward):
    what = "Clips the normalised values to three standard deviations."

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return np.clip(super().normalise(x, mean, var), -3, 3)


class RectifiedOutput(_Forward):
    what = "Has a ReLU fused in that nobody asked for."
    deviation = "followed-by-relu"

    def affine(self, xhat: Array) -> Array:
        return np.maximum(super().affine(xhat), 0)
