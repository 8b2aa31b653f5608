"""Impostors whose gradients are wrong if another call came between a forward call and its backward call."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from conformance.gallery.forms import OutstandingBatchNorm
from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, Gradients


class _Outstanding(OutstandingBatchNorm):
    kind = "outstanding"
    sound = False
    fails = "gradient.outstanding"


class LastCallAlone(_Outstanding):
    what = "Gives the gradients of the last call, whichever is asked for."

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        return super().backward(dy)


class StatisticsOfTheLaterCall(_Outstanding):
    what = "Keeps x of each call, and the mean and variance of the last one only."

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        return super().gradients(call._replace(mean=self.latest.mean, var=self.latest.var), dy)

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        assert self.call is not None
        self.latest = self.call
        return y


class ModeOfTheLaterCall(_Outstanding):
    what = "Backward asks the layer whether it is in training, and not the call that it is about."

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        return super().gradients(call._replace(training=self.training), dy)


class RunningStatisticsReadInBackward(_Outstanding):
    what = "Backward after inference reads the running statistics as they are by then."

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        if not call.training:
            mean, var = self.given()
            call = call._replace(mean=mean, var=var)
        return super().gradients(call, dy)


class WorkspaceOfOneCall(_Outstanding):
    what = (
        "Keeps x of the last call only: dgamma of the call before is summed over another batch of that shape."
    )

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        dx, dgamma, dbeta = super().gradients(call, dy)
        latest = self.latest
        if latest is not call and latest.x.shape == call.x.shape:
            _, dgamma, _ = BatchNorm.gradients(self, latest, dy)
        return dx, dgamma, dbeta

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        assert self.call is not None
        self.latest = self.call
        return y
