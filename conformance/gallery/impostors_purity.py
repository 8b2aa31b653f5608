"""Impostors that compute the right thing and do something else besides, or read the wrong memory."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, Gradients


class _Purity(BatchNorm):
    kind = "purity"
    sound = False


class ModifiesInput(_Purity):
    what = "Writes the output over the input in training, where it can."

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if training and x.flags.writeable:
            x[...] = y
        return y


class ModifiesInputInInference(_Purity):
    what = "Centres the input in place in inference and shifts it back, which changes its last bits."

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if not training and x.flags.writeable and x.size:
            features = np.moveaxis(x, self.axis, -1)
            mean = self.held["running_mean"]
            features[...] = (features - mean) + mean
        return y


class ModifiesUpstream(_Purity):
    what = "Doubles dy in place once it is done with it."

    def backward(self, dy: Array) -> Gradients:
        gradients = super().backward(dy)
        if dy.flags.writeable:
            dy *= dy.dtype.type(2)
        return gradients


class ReadsInMemoryOrder(_Purity):
    what = "Reads an input that is not contiguous in the order in which it lies in memory."
    link = "https://github.com/pytorch/pytorch/issues/63224"

    def forward(self, x: Array, *, training: bool) -> Array:
        return super().forward(x.ravel(order="K").reshape(x.shape), training=training)


class ReadsUpstreamInMemoryOrder(_Purity):
    what = "Reads a dy that is not contiguous in the order in which it lies in memory."
    link = "https://github.com/pytorch/pytorch/pull/64100"

    def backward(self, dy: Array) -> Gradients:
        return super().backward(dy.ravel(order="K").reshape(dy.shape))


class IgnoresGaps(_Purity):
    what = "Reads neighbours in memory where the last axis of the input is strided."

    def forward(self, x: Array, *, training: bool) -> Array:
        if x.size and x.shape[-1] > 1 and x.strides[-1] > x.itemsize and x.strides[-1] == min(x.strides):
            x = as_strided(x, strides=(*x.strides[:-1], x.itemsize))
        return super().forward(x, training=training)


class IgnoresSignOfStrides(_Purity):
    what = "Reads an axis of negative stride forwards."

    def forward(self, x: Array, *, training: bool) -> Array:
        backwards = tuple(slice(None, None, -1 if stride < 0 else 1) for stride in x.strides)
        return super().forward(x[backwards], training=training)


class ReturnsMemoryOrder(_Purity):
    what = "Writes the output of a Fortran-ordered input as if it were C-ordered."

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if x.flags.f_contiguous and not x.flags.c_contiguous:
            y = y.ravel(order="F").reshape(x.shape)
        return y


class StatisticsWrittenToParameters(_Purity):
    what = "A training call leaves the running variance in gamma and the running mean in beta."
    link = "https://github.com/hasktorch/hasktorch/issues/626"

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if training:
            for name, source in (("gamma", "running_var"), ("beta", "running_mean")):
                if name in self.held:
                    self.held[name] = self.held[source].astype(self.held[name].dtype)
        return y


class DecaysGamma(_Purity):
    what = "Every training call takes a thousandth off gamma."
    link = "https://github.com/apache/mxnet/issues/9624"

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        if training and "gamma" in self.held:
            self.held["gamma"] = (self.held["gamma"] * self.wide.type(0.999)).astype(self.narrow)
        return y


class ShowsRoundedParameters(_Purity):
    what = "Shows its statistics rounded to four decimals: what is saved is not what was used."

    def native(self, name: str, value: Array) -> Array:
        return np.round(value, 4) if name.startswith("running") else value


class ShowsStatisticsSwapped(_Purity):
    what = "Shows the running mean as the variance and the variance as the mean."

    def parameters(self) -> dict[str, Array]:
        shown = super().parameters()
        shown["running_mean"], shown["running_var"] = shown["running_var"], shown["running_mean"]
        return shown


class LoadSkipsVariance(_Purity):
    what = "Loading leaves the running variance as it was."

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load({name: v for name, v in parameters.items() if name != "running_var"})


class LoadResetsTheRest(_Purity):
    what = "Loading some parameters resets the others to their initial values."

    def load(self, parameters: Mapping[str, Array]) -> None:
        kept, self.held = self.held, self.create()
        try:
            super().load(parameters)
        except ValueError:
            self.held = kept
            raise


class RandomOrder(_Purity):
    what = "Adds up in another order each time, as atomic additions do."
    link = "https://github.com/pytorch/pytorch/issues/53691"

    def total(self, a: Array) -> Array:
        order = np.random.default_rng().permutation(a[0].size)
        return super().total(a.reshape(self.n, -1)[:, order])


class SharesStatistics(_Purity):
    what = "All layers of one size share their running statistics."
    _shared: ClassVar[dict[tuple[int, str], dict[str, Array]]] = {}

    def create(self) -> dict[str, Array]:
        return super().create() | self._shared.get((self.n, self.config.dtype), {})

    def update(self, mean: Array, var: Array, count: int) -> None:
        super().update(mean, var, count)
        own = {name: value for name, value in self.held.items() if name.startswith("running")}
        self._shared[self.n, self.config.dtype] = own
