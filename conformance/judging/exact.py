"""The exact value of every output a script asks for, and how far from it a sound implementation may be.

float32 and narrower are judged by the reference in float64, float64 by the reference in double-double.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from conformance.cases.recent import Recent
from conformance.implementation import PARAMETERS, Array, LayerConfig
from conformance.judging.arithmetic import arithmetic, as_held
from conformance.judging.level import Level
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Call,
    Forward,
    Load,
    Observation,
    Parameters,
    Raised,
    Transfer,
)
from reference import DoubleDouble, Gradients, batch_norm_grad, batch_norm_inference, batch_norm_training
from reference.error_bounds import (
    Arithmetic,
    GradientBounds,
    gradient_bounds,
    inference_bound,
    training_bound,
)

Float64 = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Statistics:
    """Exact mean and biased variance of each feature, (n,), in float64 and as the oracle holds them."""

    mean: Float64
    var: Float64
    exact_mean: Any
    exact_var: Any


def statistics(x: Array, *, axis: int) -> Statistics:
    """The statistics of a batch; NaN where it is empty."""
    n = x.shape[axis]

    def compute() -> Statistics:
        training = batch_norm_training(_lift(x), np.ones(n), np.zeros(n), epsilon=1.0, axis=axis)
        return Statistics(_lower(training.mean), _lower(training.var), training.mean, training.var)

    return _recalled((x,), (), ("statistics", axis), compute)


@dataclass(frozen=True, slots=True)
class Expected:
    """The exact output of one forward call and the bound around it, shaped as x.

    :ivar y: the nearest float64; :ivar rest: what is missing from it, for float64 outputs.
    :ivar gamma, beta, mean, var: what the layer applied, (n,).
    """

    y: Float64
    rest: Float64 | None
    bound: NDArray[Any]
    gamma: Float64
    beta: Float64
    mean: Float64
    var: Float64


def blur(got: Array, expected: Expected, dtype: str, count: int) -> Float64:
    """How far apart, beyond their bounds, two outputs may be where the first is off already, shaped as y.

    What is wrong may come of sums over the batch that the right output has not got, and be as imprecise as
    those; whether the two agree to more digits is left to chance.
    """
    granted = arithmetic(dtype, count)
    with np.errstate(all="ignore"):
        off = np.abs(got.astype(np.float64) - expected.y)
    return granted.growth * granted.u * np.where(np.isfinite(off), off, 0.0)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One forward call of an observation, in the state its layer was in.

    :ivar number: of the call in its script.
    :ivar loaded: the parameters given to it, or those it showed since.
    :ivar previous: the training call before on the same layer, of as many features.
    :ivar known: whether what it should give follows from the definition: not where parameters of a wrong shape were
        taken, nor in inference after training, since the running statistics then depend on conventions, unless the
        layer showed them.
    :ivar shown: whether the statistics are those that the layer showed, which may be rounded once from what it holds.
    """

    call: Forward
    answer: Answer | Raised
    config: LayerConfig
    loaded: dict[str, Array] = field(default_factory=dict)
    known: bool = True
    previous: Forward | None = None
    number: int = 0
    shown: bool = False

    @property
    def count(self) -> int:
        """N, the number of values per feature."""
        shape = self.call.x.shape
        return int(math.prod(shape)) // max(1, int(shape[self.config.axis]))

    @property
    def got(self) -> Array | None:
        """The output, or None where the call raised."""
        return self.answer.arrays["y"] if isinstance(self.answer, Answer) else None

    @property
    def epsilons(self) -> tuple[float, ...]:
        """Those that a sound implementation may compute with: first the one configured."""
        return as_held(self.config.epsilon, self.call.x.dtype.name)

    def expected(
        self,
        level: Level = Level.MUST,
        epsilon: float | None = None,
        granted: Arithmetic | None = None,
    ) -> Expected:
        """What y should be. ``epsilon`` replaces the configured one, ``granted`` the level's arithmetic."""
        x, axis = self.call.x, self.config.axis
        n = x.shape[axis]
        epsilon = self.config.epsilon if epsilon is None else epsilon
        gamma = _vector(self.loaded.get("gamma"), n, 1.0)
        beta = _vector(self.loaded.get("beta"), n, 0.0)
        granted = granted or arithmetic(x.dtype.name, self.count, level)
        where: Any = {"epsilon": epsilon, "axis": axis}
        mean = _vector(self.loaded.get("running_mean"), n, 0.0)
        var = _vector(self.loaded.get("running_var"), n, 1.0)
        given = () if self.call.training else (mean, var)

        def compute() -> Expected:
            wide = x if x.dtype in (np.float32, np.float64) else x.astype(np.float32)
            if self.call.training:
                out = batch_norm_training(_lift(x), gamma, beta, **where)
                y, own = out.y, (_lower(out.mean), _lower(out.var))
                bound = training_bound(wide, gamma, beta, *own, **where, arithmetic=granted)
            else:
                own = mean, var
                y = batch_norm_inference(_lift(x), gamma, beta, mean, var, **where)
                bound = inference_bound(wide, gamma, beta, mean, var, **where, arithmetic=granted)
            if isinstance(y, DoubleDouble):
                return Expected(y.hi, y.lo, bound, gamma, beta, *own)
            return Expected(y, None, bound, gamma, beta, *own)

        found = _recalled((x,), (gamma, beta, *given), (epsilon, axis, granted), compute)
        if self.shown and not self.call.training:
            return replace(found, bound=found.bound + _of_rounded(found, epsilon, axis, granted.u))
        return found


def _of_rounded(expected: Expected, epsilon: float, axis: int, u: float) -> Float64:
    """How far y may be off if its mean and variance were rounded once, shaped as y."""
    around = tuple(k for k in range(expected.y.ndim) if k != axis % expected.y.ndim)
    with np.errstate(all="ignore"):
        scale = np.abs(expected.gamma) / np.sqrt(expected.var + epsilon)
        of_mean = np.expand_dims(scale * np.abs(expected.mean), around)
        of_var = np.abs(expected.y - np.expand_dims(expected.beta, around)) / 2
        return np.asarray(np.nan_to_num(u * (of_mean + of_var)))


@dataclass(frozen=True, slots=True)
class ExpectedGradients:
    """The exact gradients of one backward call, the nearest float64 of each, and the bounds around them."""

    exact: Gradients
    rest: tuple[Float64 | None, Float64 | None, Float64 | None]
    bounds: GradientBounds


@dataclass(frozen=True, slots=True)
class Backwarded:
    """One backward call of an observation, and the forward call whose gradients it gave.

    :ivar number: of the call in its script.
    """

    call: Backward
    answer: Answer | Raised
    forward: Forwarded
    number: int = 0

    def got(self, name: str) -> Array | None:
        """The gradient of ``x``, ``gamma`` or ``beta``, or None where there is none."""
        return self.answer.arrays.get(name) if isinstance(self.answer, Answer) else None

    def expected(
        self,
        level: Level = Level.MUST,
        epsilon: float | None = None,
        granted: Arithmetic | None = None,
    ) -> ExpectedGradients:
        """What the gradients should be; ``epsilon`` and ``granted`` as for :meth:`Forwarded.expected`."""
        forward, dy = self.forward, self.call.dy
        x, axis, training = forward.call.x, forward.config.axis, forward.call.training
        n = x.shape[axis]
        epsilon = forward.config.epsilon if epsilon is None else epsilon
        gamma = _vector(forward.loaded.get("gamma"), n, 1.0)
        if training:
            batch = statistics(x, axis=axis)
            mean, var, exact = batch.mean, batch.var, (batch.exact_mean, batch.exact_var)
        else:
            mean = _vector(forward.loaded.get("running_mean"), n, 0.0)
            var = _vector(forward.loaded.get("running_var"), n, 1.0)
            exact = mean, var
        where: Any = {"epsilon": epsilon, "axis": axis, "training": training}
        granted = granted or arithmetic(x.dtype.name, forward.count, level)

        def compute() -> ExpectedGradients:
            gradients = batch_norm_grad(_lift(x), gamma, *exact, _lift(dy), **where)
            lowered = Gradients(*map(_lower, gradients))
            bounds = gradient_bounds(x, gamma, mean, var, dy, lowered, **where, arithmetic=granted)
            rest = (_rest(gradients.x), _rest(gradients.gamma), _rest(gradients.beta))
            return ExpectedGradients(lowered, rest, bounds)

        return _recalled((x, dy), (gamma, mean, var), (epsilon, axis, training, granted), compute)


def backwards(observation: Observation) -> list[Backwarded]:
    """The backward calls of an observation, each with the forward call on the same layer that it is about: the last,
    or one before it, of those that were answered.
    """
    axes: dict[int, int] = {}
    made: dict[int, list[tuple[Forwarded, Array | None, int]]] = {}
    found: list[Backwarded] = []
    passed = iter(forwards(observation))
    for number, (call, answer) in enumerate(zip(observation.script, observation.answers, strict=False)):
        if isinstance(call, Build):
            axes[call.layer] = call.config.axis
        elif isinstance(call, Forward):
            earlier = made.setdefault(call.layer, [])
            if earlier and isinstance(earlier[-1][0].answer, Raised):
                earlier.pop()
            earlier.append((next(passed), call.mask, axes[call.layer]))
        elif isinstance(call, Backward):
            forward, mask, axis = made[call.layer][-1 - call.back]
            if mask is not None:
                call = msgspec.structs.replace(call, dy=_positions(call.dy, mask, axis))
                answer = _of_positions(answer, "x", mask, axis)
            found.append(Backwarded(call, answer, forward, number))
    return found


def _unmasked(
    call: Forward, answer: Answer | Raised, config: LayerConfig
) -> tuple[Forward, Answer | Raised, LayerConfig]:
    """A call with a mask as what it is: one without, on the values of the positions that count, (m, n)."""
    assert call.mask is not None
    x = _positions(call.x, call.mask, config.axis)
    return (
        msgspec.structs.replace(call, x=x, mask=None),
        _of_positions(answer, "y", call.mask, config.axis),
        replace(config, input_shape=x.shape, axis=1),
    )


def _positions(array: Array, mask: Array, axis: int) -> Array:
    """The values at the positions where a mask holds, (m, n)."""
    return np.moveaxis(array, axis, -1)[mask]


def _of_positions(answer: Answer | Raised, name: str, mask: Array, axis: int) -> Answer | Raised:
    """The answer with no more of an array than is at those positions; one of a wrong shape is left as it is."""
    if isinstance(answer, Raised) or name not in answer.arrays:
        return answer
    array = answer.arrays[name]
    if array.ndim != mask.ndim + 1 or np.moveaxis(array, axis, -1).shape[:-1] != mask.shape:
        return answer
    return msgspec.structs.replace(answer, arrays={**answer.arrays, name: _positions(array, mask, axis)})


def forwards(observation: Observation) -> list[Forwarded]:
    """The forward calls of an observation, each with the layer's configuration and loaded parameters."""
    configs: dict[int, LayerConfig] = {}
    held: dict[int, dict[str, Array]] = {}
    moved: set[int] = set()  # layers whose running statistics training has moved
    as_shown: set[int] = set()  # layers of whose running statistics no more is known than they showed
    last: dict[int, Forward] = {}  # training calls
    found: list[Forwarded] = []
    call: Call
    for number, (call, answer) in enumerate(zip(observation.script, observation.answers, strict=False)):
        match call:
            case Build():
                configs[call.layer], held[call.layer] = call.config, {}
                moved.discard(call.layer)
                as_shown.discard(call.layer)
                last.pop(call.layer, None)
            case Load() if isinstance(answer, Answer):
                held[call.layer] = held[call.layer] | call.parameters
                if {"running_mean", "running_var"} <= call.parameters.keys():
                    moved.discard(call.layer)
                    as_shown.discard(call.layer)
            case Transfer():
                moved.add(call.layer)
            case Parameters() if isinstance(answer, Answer) and call.layer in configs:
                # What a layer shows is what it goes on from.
                shown = _shown(answer, configs[call.layer])
                held[call.layer] = held[call.layer] | shown
                if {"running_mean", "running_var"} <= shown.keys():
                    if call.layer in moved:
                        as_shown.add(call.layer)
                    moved.discard(call.layer)
            case Forward():
                config = configs[call.layer]
                kept = {
                    name: value
                    for name, value in held[call.layer].items()
                    if (config.scale or name != "gamma") and (config.center or name != "beta")
                }
                n = call.x.shape[config.axis]
                known = all(value.shape == (n,) for value in kept.values())
                known &= call.training or call.layer not in moved
                before = last.get(call.layer)
                if before is not None and before.x.shape[config.axis] != n:
                    before = None
                of = (call, answer, config)
                if call.mask is not None:
                    of, before = _unmasked(call, answer, config), None
                found.append(Forwarded(*of, kept, known, before, number, call.layer in as_shown))
                if call.training:
                    moved.add(call.layer)
                    last[call.layer] = call
    return found


def _shown(answer: Answer, config: LayerConfig) -> dict[str, Array]:
    """The parameters that a layer shows, as n-vectors; those that are none, left out."""
    n = config.input_shape[config.axis]
    return {
        name: value.reshape(n)
        for name, value in answer.arrays.items()
        if name in PARAMETERS and value.size == n
    }


_recent: Recent[tuple[tuple[Array, ...], Any]] = Recent(1 << 21)


def _recalled(
    arrays: tuple[Array, ...], vectors: tuple[Float64, ...], rest: Hashable, compute: Callable[[], T]
) -> T:
    """``compute()``, or what it gave lately for the very same ``arrays`` and equal ``vectors`` and ``rest``."""
    if any(array.flags.writeable for array in arrays):
        return compute()
    key = tuple(map(id, arrays)), tuple(vector.tobytes() for vector in vectors), rest
    size = sum(array.size for array in arrays)
    # The arrays are kept as well, so that no others take their identity.
    _, value = _recent.get(key, size, lambda: (arrays, compute()))
    result: T = value
    return result


def _lift(x: Array) -> Any:
    """x in a precision that judges its dtype."""
    return DoubleDouble(x) if x.dtype == np.float64 else x.astype(np.float64)


def _rest(x: Any) -> Float64 | None:
    """What ``_lower`` leaves out."""
    return (x.hi - x.to_float64()) + x.lo if isinstance(x, DoubleDouble) else None


def _lower(x: Any) -> Float64:
    return x.to_float64() if isinstance(x, DoubleDouble) else x


def _vector(value: Array | None, n: int, default: float) -> Float64:
    if value is None:
        return np.full(n, default)
    return value.astype(np.float64)
