"""Is the adapter in order? One tiny call of each kind an implementation declares, before it is judged.

It looks for what an adapter gets wrong, types, shapes, names and declarations, and for numbers that are far off, and
says what to do; how right the batch norm is, is for the requirements to say. A problem that shows in several
settings is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance.cases.arrays import realise
from conformance.cases.case import Case, Regime
from conformance.implementation import Array, Capabilities, LayerConfig
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Call,
    Derivative,
    Forward,
    Load,
    Lost,
    Parameters,
    Raised,
    Resume,
)
from conformance.requirements.probes import left_out
from conformance.requirements.purity import each_layout, refusal
from conformance.smoke import numbers
from conformance.smoke.advice import on_raised, own_line
from conformance.smoke.answers import Wrong, derivative, gradients, kept, names, output, width
from conformance.worker.client import Worker

_FEATURES = 3
_HALF = ("float16", "bfloat16")
_VARIANTS = (
    "defaults",
    "cumulative",
    "eager",
)  # of a layer, by their names in both capabilities and configuration
# What calls are made for, other than to see that they work.
_MOVED, _MASKED, _TOO_MANY, _BETWEEN = "moved", "masked", "n + 1 values", "between"
_EXTENTS = (4, 2, 5, 2)  # of the other axes; none is the number of features


@dataclass(frozen=True, slots=True)
class Variant:
    """What a layer is built for."""

    case: Case
    config: LayerConfig

    def __str__(self) -> str:
        config = self.config
        left_out = [f"{name}=False" for name in ("scale", "center") if not getattr(config, name)]
        left_out += [f"{name}=True" for name in _VARIANTS if getattr(config, name)]
        left_out += [f"replicas={config.replicas}"] * (config.replicas > 1)
        left_out += [f"parameters in {config.parameter_dtype}"] * (config.parameter_dtype is not None)
        left_out += [f"frozen={config.frozen!r}"] * bool(config.frozen)
        left_out += [f"epsilon={config.epsilon}"] * (config.epsilon == numbers.EPSILON)
        left_out += [f"momentum={config.momentum}"] * (config.momentum == numbers.MOMENTUM)
        return ", ".join([f"{config.dtype}, x of shape {config.input_shape}, axis {config.axis}", *left_out])


@dataclass(frozen=True, slots=True)
class Problem:
    """:ivar text: what is wrong. :ivar advice: what to do. :ivar place: the line of the adapter, where there is one.
    :ivar settings: in which it shows.
    """

    text: str
    advice: str
    place: str = ""
    settings: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class Smoke:
    """:ivar tried: settings tried. :ivar calls: calls made. :ivar notes: what is worth knowing and no problem."""

    tried: tuple[Variant, ...]
    calls: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A problem in one setting. ``key`` tells whether it is the same as another."""

    key: tuple[str, ...]
    call: str
    text: str
    advice: str
    place: str
    setting: Variant


def smoke(worker: Worker) -> Smoke:
    """Make the calls and look at the answers.

    :raises CannotStart: it ended, and did not start again.
    """
    can = worker.identity.capabilities
    found: list[_Found] = []
    warned: dict[str, None] = {}
    tried: list[Variant] = []
    calls, hung = 0, False
    for setting in settings(can):
        script = (*_calls(setting, can), *(_too_many(setting, can) if not tried else ()))
        observation = worker.run(script)
        tried.append(setting)
        calls += len(observation.answers)
        for answer in observation.answers:
            warned |= dict.fromkeys(answer.warnings if isinstance(answer, Answer) else ())
        found += _look(worker.name, can, setting, script, observation.answers)
        if observation.lost is not None:
            found.append(_lost(setting, script[len(observation.answers)], observation.lost))
            hung = observation.lost.outcome == "timeout"
        if hung:
            break
    if not found:
        found += _layouts(worker, tried[0])
    notes = [f"it warned: {text}" for text in warned]
    if printed := worker.said():
        notes.append(f"it printed, which does no harm but takes time:\n{printed}")
    if hung:
        notes.append("the rest was not tried, since each call that hangs takes the whole timeout")
    return Smoke(tuple(tried), calls, tuple(_gathered(found, tried)), tuple(notes))


def settings(can: Capabilities) -> list[Variant]:
    """Each dtype, the lowest and the highest rank, the first and the last axis, and what can be left out."""
    first, low, high = can.dtypes[0], min(can.ranks), max(can.ranks)
    places = [(low, _axes(can, low)[-1]), (low, _axes(can, low)[0]), (high, _axes(can, high)[-1])]
    plain = [_setting(can, first, rank, axis) for rank, axis in dict.fromkeys(places)]
    plain += [_setting(can, dtype, low, _axes(can, low)[-1]) for dtype in can.dtypes[1:]]
    variants: list[dict[str, Any]] = [{"scale": one, "center": other} for one, other in left_out(can)]
    variants += [{name: True} for name in _VARIANTS if getattr(can, name)]
    base = plain[0]
    if can.mixed:
        halves = [_setting(can, dtype, low, _axes(can, low)[-1]) for dtype in can.dtypes if dtype in _HALF]
        plain += [Variant(each.case, replace(each.config, parameter_dtype="float32")) for each in halves]
    variants += [{"replicas": 2}] * (can.replicas > 1 and base.case.axis > 0)
    variants += [{"frozen": what} for what in can.frozen]
    variants += [{"epsilon": numbers.EPSILON}] * can.adjustable_epsilon
    variants += [{"momentum": numbers.MOMENTUM}] * (can.adjustable_momentum and _moves(can))
    return plain + [Variant(base.case, replace(base.config, **each)) for each in variants]


def _moves(can: Capabilities) -> bool:
    """Whether it can be seen how it keeps statistics."""
    return can.parameters and can.running and can.training and can.inference


def _axes(can: Capabilities, rank: int) -> list[int]:
    return [axis for axis in range(rank) if can.takes_axis(axis, rank)]


def _setting(can: Capabilities, dtype: str, rank: int, axis: int) -> Variant:
    shape = [*_EXTENTS[: rank - 1]]
    shape.insert(axis, _FEATURES)
    regimes = tuple(Regime(gamma="random", beta="random", stream=k) for k in range(_FEATURES))
    case = Case(tuple(shape), axis, dtype, features=regimes)
    if can.epsilon is not None:
        case = replace(case, epsilon=can.epsilon)
    if can.momentum is not None:
        case = replace(case, momentum=can.momentum)
    return Variant(case, case.config())


def _calls(setting: Variant, can: Capabilities) -> Iterator[Call]:
    case, config = setting.case, setting.config
    arrays = realise(case)
    values = _values(setting.case, config, can)
    yield Build(config)
    yield Parameters()
    yield Load(values)
    yield Parameters()
    for training in [True] * can.training + [False] * can.inference:
        if can.training and not training:
            yield Load(values)  # What training moved.
        yield Forward(arrays.x, training)
        if training and config.momentum == numbers.MOMENTUM:
            yield Parameters(label=_MOVED)
        if can.differentiates(training):
            yield Backward(arrays.dy)
    differentiated = [mode for mode in (True, False) if can.differentiates(mode)]
    if can.outstanding and differentiated:
        yield Load(values)
        yield Forward(arrays.x, differentiated[0])
        yield Forward(-arrays.x, differentiated[0], label=_BETWEEN)
        yield Backward(arrays.dy, back=1)
    if config.dtype in ("float32", "float64") and config.parameter_dtype is None and can.training:
        yield Load(values)
        for name in can.derivatives:
            modes = tuple(reversed(name.split(" over ")))
            along = tuple(np.roll(arrays.dy, k, axis=case.batch_axis) for k in range(len(modes)))
            yield Derivative(arrays.x, True, modes, along, label=name)  # type: ignore[arg-type]
    for format in can.saves if config == case.config() else ():
        yield Load(values)
        yield Resume(config, format)
        yield Parameters(label=format)
    # One layout will do: whether a mask is laid along x rightly is for the requirements to say.
    if can.mask and config.replicas == 1 and setting.case.axis == len(setting.case.shape) - 1:
        x, mask = _half_masked(arrays.x, setting.case)
        yield Forward(x, can.training, mask=mask, label=_MASKED if can.training else "")


def _half_masked(x: Array, case: Case) -> tuple[Array, Array]:
    """An x whose last sample is far off the others, and a mask that leaves it out."""
    mask = np.ones_like(x.take(0, case.axis), bool)
    mask[-1] = False
    return np.where(np.expand_dims(mask, case.axis), x, x + x.dtype.type(8)), mask


def _too_many(setting: Variant, can: Capabilities) -> Iterator[Call]:
    arrays = realise(setting.case)
    if setting.config.scale:
        gamma = np.ones(_FEATURES + 1, arrays.x.dtype)
        yield Load({"gamma": gamma}, may_raise=True, label=_TOO_MANY)
        yield Forward(arrays.x, can.training, may_raise=True, label=_TOO_MANY)


def _values(case: Case, config: LayerConfig, can: Capabilities) -> dict[str, Array]:
    arrays = realise(replace(case, dtype=config.held_in))
    values = {"gamma": arrays.gamma} if config.scale else {}
    values |= {"beta": arrays.beta} if config.center else {}
    given = can.inference and config.tracks
    return values | ({"running_mean": arrays.mean, "running_var": arrays.var} if given else {})


# -- looking at the answers of one setting


def _look(
    name: str, can: Capabilities, setting: Variant, script: tuple[Call, ...], answers: tuple[Any, ...]
) -> Iterator[_Found]:
    """What is wrong, but what follows from something that is."""
    loaded = False
    failed: set[str] = set()
    last = Forward(np.zeros(0), can.training)
    made = list(zip(script, answers, strict=False))
    for call, answer in made:
        what = type(call).__name__.lower()
        if "build" in failed or what in failed or (what == "backward" and "forward" in failed):
            continue
        last = call if isinstance(call, Forward) else last
        if call.label == _TOO_MANY or (call.label == _MOVED and "forward" in failed):
            continue
        if isinstance(answer, Raised):
            found = _raised(name, setting, call, answer)
            if isinstance(call, Resume):
                text = f"saved as {call.format}, and restored in another process: {found.text}"
                found = replace(found, text=text, advice=_NOT_SAVED)
            elif isinstance(call, Backward) and call.back:
                found = replace(found, advice=_LAST_ALONE)
            elif what == "backward" and not last.training and can.gradients_in_training:
                found = replace(found, advice=found.advice or _TRAINING_ALONE)
            failed.add("build" if found.advice.startswith("build()") else what)
            yield found
            continue
        loaded = loaded or what == "load"
        problem = _problem(can, setting, call, answer, last, loaded)
        if problem is not None:
            failed.add(what)
            kind, text, advice = problem
            mode = " in training" if last.training else " in inference"
            yield _Found((what, kind), what + mode * (what == "forward"), text, advice, "", setting)
    if not failed:
        yield from _took_too_many(setting, made)


_LAST_ALONE = "keep what the gradients of two calls need; or declare no outstanding=True"
_NOT_SAVED = (
    "save(format) gives bytes, by which restore(format, saved) of a fresh layer goes on as if nothing had happened; "
    "or take the format out of saves in capabilities"
)
_TRAINING_ALONE = 'make it work; or declare gradients="training", if it works after training calls alone'


def _problem(
    can: Capabilities, setting: Variant, call: Call, answer: Answer, last: Forward, loaded: bool
) -> Wrong | None:
    case, config = setting.case, setting.config
    match call:
        case Forward(label=label, mask=mask) if mask is not None:
            y = answer.arrays["y"]
            return output(call.x, y) or (numbers.masked(case, mask, call.x, y) if label == _MASKED else None)
        case Forward(label=label) if label == _BETWEEN:
            return output(call.x, answer.arrays["y"])
        case Forward():
            y = answer.arrays["y"]
            found = output(call.x, y) or numbers.output(case, config, config.by_batch(call.training), y)
            return _frozen(call, config, found) if found and config.frozen else found
        case Backward():
            given = answer.arrays
            found = gradients(case, can, config, given) or numbers.gradients(
                case, can, config, config.by_batch(last.training), given
            )
            if found is not None and call.back:
                text = "backward(dy, back=1) does not give the gradients of the call before the last"
                return Wrong("outstanding", text, _LAST_ALONE)
            return found
        case Derivative():
            return derivative(call.label, call.x, answer.arrays["derivative"])
        case Parameters(label=label) if can.parameters and label == _MOVED:
            return numbers.statistics(case, answer.arrays)
        case Parameters() if can.parameters:
            problem = names(can, config, answer.arrays) or width(config, answer.arrays)
            if loaded and problem is None:
                problem = kept(_values(case, config, can), answer.arrays)
            if problem is not None and call.label in can.saves:
                text = f"saved as {call.label}, and restored in another process: {problem.text}"
                return Wrong("saved", text, _NOT_SAVED)
            return problem
    return None


def _frozen(call: Forward, config: LayerConfig, found: Wrong) -> Wrong:
    """What is wrong of a layer in which something is frozen."""
    by = (
        "the statistics that were loaded" if config.by_batch(call.training) else "the statistics of the batch"
    )
    said = f"gives y by {by}" if found.kind == "training" else f"is wrong: {found.text}"
    text = f"built with frozen={config.frozen!r}, forward(x, training={call.training}) {said}"
    return Wrong(
        found.kind, text, "freeze what config.frozen names; or take it out of frozen in capabilities"
    )


def _took_too_many(setting: Variant, made: list[tuple[Call, Any]]) -> Iterator[_Found]:
    wrong = [answer for call, answer in made if call.label == _TOO_MANY]
    if len(wrong) == 2 and not any(isinstance(answer, Raised) for answer in wrong):
        text = (
            f"load() took a gamma of {_FEATURES + 1} values for {_FEATURES} features, and forward() went on"
        )
        advice = "raise an error where the shape of what is loaded does not fit, such as ValueError"
        yield _Found(("load", _TOO_MANY), "load", text, advice, "", setting)


def _layouts(worker: Worker, setting: Variant) -> Iterator[_Found]:
    """Whether it refuses arrays for how they lie in memory."""
    can, case = worker.identity.capabilities, setting.case
    if each_layout.lacking(can) is not None:
        return
    if text := refusal(worker.run(each_layout.script(case, realise(case), can))):
        advice = (
            "copy it first, np.ascontiguousarray(x), or x.copy() where that is not enough; or declare views=False in "
            "capabilities, and every array comes contiguous"
        )
        yield _Found(("layout",), "layout", text, advice, "", setting)


def _raised(name: str, setting: Variant, call: Call, raised: Raised) -> _Found:
    what = type(call).__name__.lower()
    line, advice = own_line(raised.trace, name), on_raised(what, raised)
    text = raised.text if raised.kind == "Malformed" else f"{what}() raised {raised.kind}: {raised.text}"
    if isinstance(call, Forward):
        what += " in training" if call.training else " in inference"
    return _Found((what, raised.kind, line or raised.text), what, text, advice, line, setting)


def _lost(setting: Variant, call: Call, lost: Lost) -> _Found:
    advice = {
        "crash": "the process ended: the last lines it wrote say where",
        "timeout": "if it compiles first, give it longer by --timeout",
        "error": "what came is no message of the protocol: does it print to standard output?",
    }[lost.outcome]
    what = type(call).__name__.lower()
    return _Found((what, lost.outcome), what, lost.text, advice, "", setting)


# -- the same problem in several settings


def _gathered(found: list[_Found], tried: list[Variant]) -> Iterator[Problem]:
    kinds = {each.key[-1] for each in found}
    for key in dict.fromkeys(each.key for each in found):
        if key[-1] == "values" and "training" in kinds:
            continue  # It follows.
        same = [each for each in found if each.key == key]
        where = tuple(dict.fromkeys(each.setting for each in same))
        first = same[0]
        advice = first.advice or _undeclared(first.call, where, tried)
        yield Problem(first.text, advice, first.place, where)


def _undeclared(call: str, where: tuple[Variant, ...], tried: list[Variant]) -> str:
    """How to declare less: by what the settings in which it raised have in common, and the others have not."""
    sound = [each for each in tried if each not in where]
    for field, declared in (("dtype", "dtypes"), ("input_shape", "ranks"), ("axis", "axes")):
        values = {_value(each, field) for each in where}
        if sound and values.isdisjoint(_value(each, field) for each in sound):
            listed = ", ".join(map(str, sorted(values, key=str)))
            return f"{listed} is declared; make it work, or take it out of {declared} in capabilities"
    variants = {name for each in where for name in _VARIANTS if getattr(each.config, name)}
    if len(variants) == 1 and sound:
        return f"make it work, or declare no {next(iter(variants))}=True in capabilities"
    if sound and all(each.config.replicas > 1 for each in where):
        return "make it work, or declare no replicas in capabilities"
    if sound and all(not (each.config.scale and each.config.center) for each in where):
        return 'make it work, or declare affine="joint" (both or neither) or "always" in capabilities'
    less = {
        "forward in training": "declare training=False if it only normalises by statistics it is given",
        "forward in inference": "declare inference=False and running=False if it only normalises by the batch's own",
        "backward": "do not declare gradients=True if it has none",
        "parameters": "declare parameters=False and running=False if it holds none",
    }.get(call)
    return f"make it work; {less}" if less else "make it work: it is called as declared"


def _value(setting: Variant, field: str) -> Any:
    value = getattr(setting.config, field)
    return len(value) if field == "input_shape" else value
