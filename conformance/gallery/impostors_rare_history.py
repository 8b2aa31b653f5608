"""Impostors whose first answer is right: they are wrong in what they remember."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping

from conformance.gallery.layer import BatchNorm, Call
from conformance.implementation import Array, LayerConfig

_Pair = tuple[Array, Array]


class _Rare(BatchNorm):
    kind = "rare"
    sound = False

    def start(self, config: LayerConfig) -> None:
        super().start(config)
        self.trained = 0  # training calls so far
        self.inferred = 0  # inference calls so far

    def forward(self, x: Array, *, training: bool) -> Array:
        y = super().forward(x, training=training)
        self.trained += training
        self.inferred += not training
        return y


class SecondTrainingCall(_Rare):
    what = "From the second training call on, the sum of squares still has that of the call before in it."
    _before: Array | float = 0.0

    def statistics(self, x: Array) -> _Pair:
        mean, var = super().statistics(x)
        before, self._before = self._before, var
        return mean, var + before


class TrainingAfterInference(_Rare):
    what = "After an inference call, training normalises by the running statistics: the mode sticks."

    def choose(self, x: Array) -> _Pair:
        given = self.given()
        chosen = super().choose(x)
        return given if self.training and self.inferred else chosen


class InferenceAfterTraining(_Rare):
    what = "Inference right after a training call still uses the statistics of that batch."

    def choose(self, x: Array) -> _Pair:
        if not self.training and self.call is not None and self.call.training and self.call.x.size:
            return self.call.mean, self.call.var
        return super().choose(x)


class ThirdStepFrozen(_Rare):
    what = "From the third training call on, the running statistics do not move."

    def update(self, mean: Array, var: Array, count: int) -> None:
        if self.trained < 2:
            super().update(mean, var, count)


class FirstStepReplaces(_Rare):
    what = "The first training call replaces the running variance, but not the running mean."

    def step(self, name: str, new: Array) -> None:
        super().step(name, new)
        if name == "running_var" and not self.trained:
            self.held[name] = new.reshape(self.n).astype(self.held[name].dtype)


class LoadAfterForwardIgnored(_Rare):
    what = "Once it has been applied, loading is ignored."

    def load(self, parameters: Mapping[str, Array]) -> None:
        kept = dict(self.held)
        super().load(parameters)
        if self.trained or self.inferred:
            self.held = kept


class InferenceCoefficientsKept(_Rare):
    what = "Folds the coefficients of inference at the first inference call, and keeps them ever after."

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        if self.training:
            return super().transform(x, mean, var)
        if not self.inferred:
            a = self.gamma * self.inverse(var)
            self._folded = a, self.beta - mean * a
        a, b = self._folded
        return x * a + b


class LoadFreezesStatistics(_Rare):
    what = "Running statistics that were loaded do not move any more."
    deviation = "statistics-not-updated"
    _loaded: frozenset[str] = frozenset()

    def load(self, parameters: Mapping[str, Array]) -> None:
        super().load(parameters)
        self._loaded |= set(parameters)

    def step(self, name: str, new: Array) -> None:
        if name not in self._loaded:
            super().step(name, new)


class CountRemembered(_Rare):
    what = "Divides sums by the number of values of the first batch it saw in training."

    def average(self, a: Array) -> Array:
        if not self.trained:
            self._count = a[0].size
        return self.total(a) / self._count if self.training else super().average(a)


class BackwardOfFirstCall(_Rare):
    what = "Backward keeps the input of the first training call, as long as the shape stays the same."
    _first: Call | None = None

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        first = self._first
        if call.training and (first is None or first.x.shape != call.x.shape):
            first = self._first = call
        if call.training and first is not None:
            call = call._replace(x=first.x, mean=first.mean, var=first.var)
        return super().gradients(call, dy)


class InferenceBackwardOfTraining(_Rare):
    what = "Backward after inference uses the input of the last training call of the same shape."
    _last: Call | None = None

    def choose(self, x: Array) -> _Pair:
        if self.call is not None and self.call.training:
            self._last = self.call
        return super().choose(x)

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        if not call.training and self._last is not None and self._last.x.shape == call.x.shape:
            call = call._replace(x=self._last.x)
        return super().gradients(call, dy)
