"""Impostors that are wrong where dy lies in memory in some way, and one or two things more hold."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.conjunctions import Conjunction, Triple, in_memory_order
from conformance.gallery.layer import Call
from conformance.implementation import Array, Gradients


class PermutedAfterBackward(Conjunction):
    what = (
        "From the second step of training on, a permuted dy is read in the order in which it lies in memory."
    )
    circumstances = ("memory of dy", "history")

    def read_dy(self, dy: Array) -> Array:
        return in_memory_order(dy) if self.dy_memory.permuted and self.before.differentiated else dy


class StridedTailWithoutGradient(Conjunction):
    what = "Where dy has gaps in memory, dgamma is 0 for the features behind the last group of four."
    circumstances = ("memory of dy", "features")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.dy_memory.strided:
            dgamma[self.tail(4)] = 0
        return dx, dgamma, dbeta


class BroadcastWithoutBeta(Conjunction):
    what = (
        "Where dy repeats itself by a stride of 0 and there is no beta, dx does not take the sum of dy off."
    )
    circumstances = ("memory of dy", "affine")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.dy_memory.repeated and not self.config.center:
            dbeta = dbeta * 0
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class ReversedLosesLastTerms(Conjunction):
    what = "Where dy runs backwards in memory, dbeta lacks the values behind the 32nd."
    circumstances = ("memory of dy", "values per feature")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.dy_memory.reversed and self.count > 32:
            dbeta = self.total(self.rows(dy)[:, :32])
        return dx, dgamma, dbeta


class MisalignedDoubleNarrowed(Conjunction):
    what = "Where a float64 dy is misaligned, dgamma comes as float32."
    deviation = "float64-narrowed"
    circumstances = ("memory of dy", "dtype")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if gradients.gamma is not None and self.dy_memory.misaligned and self.narrow == np.float64:
            return gradients._replace(gamma=gradients.gamma.astype(np.float32))
        return gradients


class PermutedSquareSummedAcross(Conjunction):
    what = "Where dy is permuted and the batch as large as the features, dbeta sums over the features."
    circumstances = ("memory of dy", "shape")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.dy_memory.permuted and self.square:
            dbeta = dy.sum(axis=(0, 2)).reshape(-1, 1, 1)
        return dx, dgamma, dbeta


class StridedAfterInference(Conjunction):
    what = "Where dy has gaps in memory, dx after inference is that after training."
    circumstances = ("memory of dy", "call")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.dy_memory.strided:
            call = call._replace(training=True)
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class ReadOnlyOneHot(Conjunction):
    what = "Where dy is read-only and zero but in one place, it counts twice in dbeta."
    circumstances = ("memory of dy", "dy")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.dy_memory.read_only and np.count_nonzero(dy) == 1 and dy.size > 2:
            dbeta = 2 * dbeta
        return dx, dgamma, dbeta


class OffsetEpsilonLost(Conjunction):
    what = "Where dy begins later than its memory, an epsilon of 0.1 or more is left out of dx."
    circumstances = ("memory of dy", "epsilon")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.dy_memory.offset and self.config.epsilon >= 0.1:
            inverse = 1 / np.sqrt(call.var + self.wide.type(1e-5))
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class StridedInAnotherShape(Conjunction):
    what = "In a layer that was built for another shape, backward fails where dy has gaps in memory."
    circumstances = ("memory of dy", "built for")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if self.dy_memory.strided and (self.rebatched or self.resized) and dy.size:
            raise RuntimeError(f"view size is not compatible with {self.config.input_shape}")
        return gradients


class BroadcastGammaSaturates(Conjunction):
    what = "Where dy repeats itself by a stride of 0, a gamma above 10 is taken for 10 in dx."
    circumstances = ("memory of dy", "parameters")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if self.dy_memory.repeated:
            call = call._replace(gamma=np.minimum(call.gamma, 10))
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


# -- three at once


class SumsLeftInWorkspace(Conjunction):
    what = "Where dy begins later than its memory and the features are last, dbeta adds to that of the step before."
    circumstances = ("memory of dy", "shape", "history")
    _left: Array | float = 0.0

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        left, self._left = self._left, dbeta
        if self.dy_memory.offset and self.features_last and self.before.differentiated:
            dbeta = dbeta + left
        return dx, dgamma, dbeta


class BroadcastZeroGamma(Conjunction):
    what = "Where dy repeats itself and there are more than 8 features, a gamma of 0 has a gradient of 0."
    circumstances = ("memory of dy", "parameters", "features")

    def gradients(self, call: Call, dy: Array) -> Triple:
        dx, dgamma, dbeta = super().gradients(call, dy)
        if self.dy_memory.repeated and self.n > 8:
            dgamma = np.where(call.gamma == 0, 0, dgamma)
        return dx, dgamma, dbeta


class PermutedSecondBackward(Conjunction):
    what = "Where dy is permuted and N above 128, dx of a second backward call is 0."
    circumstances = ("memory of dy", "values per feature", "call")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        return dx * 0 if self.dy_memory.permuted and self.count > 128 and self.backwards else dx


class ReversedHalfWithoutGamma(Conjunction):
    what = "Where a dy of 16 bits runs backwards in memory and there is no gamma, backward fails."
    circumstances = ("memory of dy", "affine", "dtype")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if self.dy_memory.reversed and self.half and not self.config.scale:
            raise TypeError("expected a scale of type float; there is none")
        return gradients


class BackwardMovesVariance(Conjunction):
    what = (
        "After an inference call, with a momentum of 0.5 or less, a misaligned dy moves the running variance."
    )
    circumstances = ("memory of dy", "momentum", "history")

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        moves = self.dy_memory.misaligned and self.momentum <= 0.5 and self.before.inferred
        if moves and dy.size:
            self.held["running_var"] = self.held["running_var"] * self.wide.type(1.5)
        return gradients


class StridedLargeOfConstant(Conjunction):
    what = "Where dy is large and has gaps in memory, dx of a constant feature is 0."
    circumstances = ("memory of dy", "dy", "values")

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        dx = super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        large = self.dy_memory.strided and np.abs(dy).max(initial=0) > 10
        constant = call.x.min(axis=(1, 2), initial=np.inf) == call.x.max(axis=(1, 2), initial=-np.inf)
        return np.where(constant[:, None, None] & (self.count > 1), 0, dx) if large else dx
