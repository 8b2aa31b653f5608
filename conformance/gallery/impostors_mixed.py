"""Impostors that go wrong where half-precision x meets parameters in float32, and nowhere else."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, Gradients


class _Mixed(BatchNorm):
    kind = "mixed"
    sound = False
    capabilities = replace(BatchNorm.capabilities, mixed=True)

    @property
    def mixed(self) -> bool:
        return self.holding != self.narrow

    def halved(self, value: Any) -> Any:
        """What half precision makes of it, where precision is mixed."""
        with np.errstate(all="ignore"):
            return np.asarray(value).astype(self.narrow).astype(self.wide) if self.mixed else value


class ParametersHalvedFirst(_Mixed):
    what = "Converts gamma, beta and the statistics to the dtype of x before it uses them."
    deviation = "statistics-rounded-to-half"

    def along(self, name: str, default: float) -> Array:
        return self.halved(super().along(name, default))


class GivenVarianceHalved(_Mixed):
    what = "Converts the running variance to the dtype of x: above 65,504 it is infinite."
    deviation = "statistics-rounded-to-half"

    def given(self) -> tuple[Array, Array]:
        mean, var = super().given()
        return mean, self.halved(var)


class BatchVarianceHalved(_Mixed):
    what = "Holds the variance of the batch in the dtype of x."
    deviation = "statistics-rounded-to-half"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean, var = super().statistics(x)
        return mean, self.halved(var)


class SquaresInHalf(_Mixed):
    what = "Squares in the dtype of x, and adds the squares up in float32."
    # Which is the same where it fails by much: the squares are about as large as their mean.
    deviation = "statistics-rounded-to-half"

    def statistics(self, x: Array) -> tuple[Array, Array]:
        mean = self.average(x)
        return mean, self.average(self.halved(np.square(x - mean)))


class EpsilonHalved(_Mixed):
    what = "Converts epsilon to the dtype of x: 1e-8 is 0 in float16."
    deviation = "epsilon-rounded-to-half"

    def inverse(self, var: Array) -> Array:
        return 1 / np.sqrt(var + self.halved(self.epsilon))


class StatisticsKeptInHalf(_Mixed):
    what = "Keeps its running statistics in the dtype of x."

    def create(self) -> dict[str, Array]:
        held = super().create()
        kept = ("running_mean", "running_var")
        return held | ({name: held[name].astype(self.narrow) for name in kept} if self.mixed else {})


class AverageRoundedToHalf(_Mixed):
    what = "Takes the steps of the running average in the dtype of x, and keeps what comes of it in float32."

    def moved(self, old: Array, new: Array) -> Array:
        return self.halved(super().moved(old, new))


class GammaGradientInHalf(_Mixed):
    what = "Gives the gradients of gamma and beta in the dtype of x."

    def backward(self, dy: Array) -> Gradients:
        dx, dgamma, dbeta = super().backward(dy)
        with np.errstate(all="ignore"):
            return Gradients(
                dx,
                None if dgamma is None else dgamma.astype(self.narrow),
                None if dbeta is None else dbeta.astype(self.narrow),
            )


class GradientSumsInHalf(_Mixed):
    what = (
        "Holds the sum of dy (x - mean), of which dx is made, in the dtype of x: above 65,504 it is infinite."
    )

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        total = self.halved(self.total(dy * (call.x - call.mean)))
        return super().input_gradient(call, dy, xhat, inverse, total * inverse, dbeta)


class OutputInFloat32(_Mixed):
    what = "Gives y in the dtype of the parameters."

    def narrowed(self, value: Array) -> Array:
        return value.astype(self.holding)


class GammaLoadedInHalf(_Mixed):
    what = "Holds gamma in float32, and rounds what is loaded to the dtype of x."

    def accept(self, name: str, value: Array) -> Array:
        taken = super().accept(name, value)
        return self.halved(taken).astype(taken.dtype) if name == "gamma" else taken
