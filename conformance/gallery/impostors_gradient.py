"""Impostors whose output is right and whose gradient is not."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, Gradients, LayerConfig

_Three = tuple[Array, Array, Array]


class _Gradient(BatchNorm):
    kind = "gradient"
    sound = False


class _InputGradient(_Gradient):
    """With the input gradient of training replaced: dx = gamma / s * :meth:`inner`."""

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if not call.training:
            return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        return call.gamma * inverse * self.inner(dy, xhat, dgamma, dbeta, dy[0].size)

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - dbeta / count - xhat * (dgamma / count)


class GradientWithoutStatistics(_InputGradient):
    what = "dx takes the statistics for constants in training."
    deviation = "gradient-without-statistics"

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy


class GradientSumNotMean(_InputGradient):
    what = "dx subtracts sums over the batch instead of means."
    deviation = "gradient-sum-not-mean"

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - dbeta - xhat * dgamma


class GradientWithoutVarianceTerm(_InputGradient):
    what = "dx takes the variance for a constant."
    deviation = "gradient-without-variance-term"

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - dbeta / count


class GradientWithoutMeanTerm(_InputGradient):
    what = "dx takes the mean for a constant."
    deviation = "gradient-without-mean-term"

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - xhat * (dgamma / count)


class GradientVarianceTermAdded(_InputGradient):
    what = "The variance term of dx has the wrong sign."

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - dbeta / count + xhat * (dgamma / count)


class GradientTimesCount(_InputGradient):
    what = "dx lacks the factor 1 / N of the closed form N dy - sum dy - xhat sum dy xhat."
    deviation = "gradient-times-count"

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return super().inner(dy, xhat, dgamma, dbeta, count) * count


class GradientUnbiased(_InputGradient):
    what = "The variance term of dx divides by N - 1."
    deviation = "gradient-unbiased"

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - dbeta / count - xhat * (dgamma / max(1, count - 1))


class GradientOverTheBatchAxis(_InputGradient):
    what = "The means in dx run over the batch axis and not over space."

    def inner(self, dy: Array, xhat: Array, dgamma: Array, dbeta: Array, count: int) -> Array:
        return dy - dy.mean(axis=1, keepdims=True) - xhat * (dy * xhat).mean(axis=1, keepdims=True)


class GradientWithoutGamma(_Gradient):
    what = "dx lacks the factor gamma."
    deviation = "gradient-without-gamma"

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        call = call._replace(gamma=np.ones_like(call.gamma))
        return super().input_gradient(call, dy, xhat, inverse, dgamma, dbeta)


class GradientWithoutEpsilon(_Gradient):
    what = "Backward divides by sqrt(var), forward by sqrt(var + epsilon)."

    def gradients(self, call: Call, dy: Array) -> _Three:
        return super().gradients(call._replace(var=call.var - self.epsilon), dy)


class GradientInInferenceAsInTraining(_Gradient):
    what = "In inference dx is that of training, as if the running statistics depended on x."
    link = "https://github.com/pytorch/xla/issues/913"

    def gradients(self, call: Call, dy: Array) -> _Three:
        return super().gradients(call._replace(training=True), dy)


class GradientInInferenceByBatch(_Gradient):
    what = "Backward after inference takes the statistics of the batch."
    link = "https://github.com/pytorch/pytorch/issues/586"

    def gradients(self, call: Call, dy: Array) -> _Three:
        if not call.training and dy.size:
            mean, var = self.statistics(call.x)
            call = call._replace(mean=mean, var=var)
        return super().gradients(call, dy)


class GradientOfOverwrittenInput(_Gradient):
    what = "Normalises in place, so that backward takes the output for the input."
    link = "https://github.com/PaddlePaddle/Paddle/issues/12713"

    def gradients(self, call: Call, dy: Array) -> _Three:
        y = self.transform(call.x, call.mean, call.var)
        return super().gradients(call._replace(x=y), dy)


class GradientGammaUnnormalised(_Gradient):
    what = "dgamma is the sum of dy x."
    deviation = "gradient-gamma-unnormalised"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, _, dbeta = super().gradients(call, dy)
        return dx, self.total(dy * call.x), dbeta


class GradientGammaTimesDeviation(_Gradient):
    what = "dgamma multiplies by s instead of dividing by it."
    link = "https://github.com/tensorflow/tensorflow/issues/14676"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dgamma / np.square(self.inverse(call.var)), dbeta


class GradientBetaMean(_Gradient):
    what = "dbeta is the mean of dy instead of the sum."
    link = "https://github.com/cthorey/CS231/issues/9"
    deviation = "gradient-beta-mean"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dgamma, dbeta / dy[0].size


class GradientGammaMean(_Gradient):
    what = "dgamma is the mean of dy xhat instead of the sum."
    link = "https://github.com/cthorey/CS231/issues/9"
    deviation = "gradient-gamma-mean"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dgamma / dy[0].size, dbeta


class GradientScaledByCount(_Gradient):
    what = "All gradients are divided by N, as if dy were that of a sum and the loss a mean."
    deviation = "gradient-scaled-by-count"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        count = dy[0].size
        return dx / count, dgamma / count, dbeta / count


class GradientsSwapped(_Gradient):
    what = "Returns dbeta for gamma and dgamma for beta."
    deviation = "gradient-swapped"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dbeta, dgamma


class GradientsSkipped(_Gradient):
    what = "The gradients of gamma and beta are 0."
    link = "https://github.com/Oneflow-Inc/oneflow/pull/5602"
    deviation = "gradient-gamma-zero+gradient-beta-zero"

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        return dx, dgamma * 0, dbeta * 0


class GradientsAccumulate(_Gradient):
    what = "The gradients of gamma and beta are added to those of the calls before."
    link = "https://github.com/apache/mxnet/issues/16297"

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self._sum = np.zeros((2, self.n, 1, 1), self.wide)

    def gradients(self, call: Call, dy: Array) -> _Three:
        dx, dgamma, dbeta = super().gradients(call, dy)
        self._sum = self._sum + np.stack([dgamma, dbeta])
        return dx, self._sum[0], self._sum[1]


class GradientsNotSummed(_Gradient):
    what = "The gradients of gamma and beta are (n, N): the sum over the batch is missing."

    def backward(self, dy: Array) -> Gradients:
        right = super().backward(dy)
        if self.call is None or (right.gamma is None and right.beta is None):
            return right
        with np.errstate(all="ignore"):
            rows = self.fold(dy).reshape(self.n, -1)
            xhat = self.normalise(self.call.x, self.call.mean, self.call.var).reshape(self.n, -1)
            parts = Gradients(right.x, (rows * xhat).astype(self.narrow), rows.astype(self.narrow))
        return Gradients(
            right.x,
            None if right.gamma is None else parts.gamma,
            None if right.beta is None else parts.beta,
        )


class GradientOneScalar(_Gradient):
    what = "The gradients of gamma and beta are summed over the features too: one number each."

    def shown(self, name: str, gradient: Array) -> Array:
        return gradient.sum().reshape(1).astype(self.held[name].dtype)
