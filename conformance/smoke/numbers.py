"""Whether numbers are near those of the definition, or rather those of a layer that leaves something out. How near
they have to be is for the requirements to say: here a twentieth will do, and what is told apart is far apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.cases.arrays import Arrays, realise
from conformance.cases.case import Case
from conformance.implementation import Array, Capabilities, LayerConfig
from conformance.smoke.answers import Wrong
from reference import batch_norm_grad, batch_norm_inference, batch_norm_training

#: What a setting has in place of the usual, to see whether it has an effect.
EPSILON, MOMENTUM = 0.5, 0.5

_NEAR = 0.05
_PASS_ON = {
    True: "pass training on: y should be by the statistics of the batch; or declare training=False, if it has none; "
    "or, if the layer is meant to do so, go on to bnconf run",
    False: "pass training on: y should be by the statistics that were loaded; or declare inference=False and "
    "running=False, if it has none",
}


def output(case: Case, config: LayerConfig, training: bool, y: Array) -> Wrong | None:
    """Whether y is about what it should be with everything loaded."""
    if not np.isfinite(_wide(y)).all():
        first = tuple(map(int, np.argwhere(~np.isfinite(_wide(y)))[0]))
        return Wrong("no number", f"y{list(first)} is {float(y[first])} for an ordinary x", "")
    expected = _y(case, config, training, config.epsilon)
    if _near(y, expected):
        return None
    if config.epsilon == EPSILON and _near(y, _y(case, config, training, case.epsilon)):
        return Wrong(
            "epsilon",
            f"built with epsilon={EPSILON} it gives the y of epsilon={case.epsilon}",
            "pass config.epsilon on to the layer; or declare the only epsilon that it has, as epsilon=1e-5",
        )
    if _near(y, _y(case, config, not training, config.epsilon)):
        other = "the statistics that were loaded" if training else "the statistics of the batch"
        return Wrong("training", f"forward(x, training={training}) gives y by {other}", _PASS_ON[training])
    if config.epsilon == EPSILON:  # Where epsilon goes is for the requirements to say.
        return None
    where = _farthest(y, expected)
    return Wrong(
        "values",
        f"y is far from gamma (x - mean) / sqrt(var + epsilon) + beta: y{list(where)} is {float(y[where]):.3g}, and "
        f"should be {float(expected[where]):.3g}",
        "",
    )


def gradients(
    case: Case, can: Capabilities, config: LayerConfig, training: bool, given: dict[str, Array]
) -> Wrong | None:
    """Whether the gradients are about what they should be after a forward call."""
    after, before = ("training", "inference") if training else ("inference", "training")
    expected = _gradients(case, config, training)
    expected = {name: value for name, value in expected.items() if name in given}
    off = [name for name, value in expected.items() if not _near(given[name].reshape(value.shape), value)]
    if not off:
        return None
    less = "do not declare gradients"
    if can.differentiates(not training):
        less = f'declare gradients="{before}", if it works after {before} calls alone'
    names = " and ".join(off)
    others = _gradients(case, config, not training)
    if all(_near(given[name].reshape(others[name].shape), others[name]) for name in expected):
        text = f"after {after}, backward() gives the gradient of {before} for {names}"
        return Wrong("mode", text, less)
    wide = _wide(given[off[0]].reshape(expected[off[0]].shape))
    where = _farthest(wide, expected[off[0]])
    return Wrong(
        "values",
        f"after {after}, the gradient of {names} is far off: that of {off[0]} at {list(where)} is "
        f"{wide[where]:.3g}, and should be {expected[off[0]][where]:.3g}",
        f"make it that of the last call of forward; or {less}",
    )


def statistics(case: Case, held: dict[str, Array]) -> Wrong | None:
    """Whether a training call moved the running mean, half of the way, from what was loaded to the batch's."""
    arrays = realise(case)
    old, new = _wide(arrays.mean), _wide(arrays.x).mean(axis=case.around)
    if "running_mean" not in held or held["running_mean"].size != old.size:
        return None
    way = float(np.median((_wide(held["running_mean"]).ravel() - old) / (new - old)))
    if abs(way) < _NEAR / 2:
        return Wrong(
            "moved",
            "a training call leaves the running mean as it was loaded",
            "a training call updates the running statistics; declare running=False, if it keeps none",
        )
    if min(abs(way - (1 - case.momentum)), abs(way - case.momentum)) < _NEAR / 2:
        return Wrong(
            "momentum",
            f"built with momentum={MOMENTUM} it keeps the statistics of momentum={case.momentum}",
            "pass config.momentum on to the layer, as it is; or declare the only one that it has, as momentum=0.9",
        )
    return None


def masked(case: Case, mask: Array, x: Array, y: Array) -> Wrong | None:
    """Whether a mask has an effect on the statistics, by what is not masked."""
    arrays = realise(case)
    everything = _definition(arrays, x, case, None, case.epsilon)
    counted = np.broadcast_to(np.expand_dims(mask, case.feature_axis), x.shape)
    if y.shape == x.shape and _near(y[counted], everything[counted]):
        return Wrong(
            "mask", "a mask changes nothing", "take statistics where mask is True, or declare no mask"
        )
    return None


def _y(case: Case, config: LayerConfig, training: bool, epsilon: float) -> Array:
    arrays = realise(case)
    given = None if training else (_wide(arrays.mean), _wide(arrays.var))
    return _definition(arrays, arrays.x, case, given, epsilon, config)


def _definition(
    arrays: Arrays,
    x: Array,
    case: Case,
    given: tuple[Array, Array] | None,
    epsilon: float,
    config: LayerConfig | None = None,
) -> Array:
    gamma, beta = _affine(arrays, config)
    if given is None:
        y = batch_norm_training(_wide(x), gamma, beta, epsilon=epsilon, axis=case.axis).y
    else:
        y = batch_norm_inference(_wide(x), gamma, beta, *given, epsilon=epsilon, axis=case.axis)
    return np.asarray(y)


def _gradients(case: Case, config: LayerConfig, training: bool) -> dict[str, Array]:
    arrays = realise(case)
    gamma, beta = _affine(arrays, config)
    x, dy, mean, var = (_wide(each) for each in (arrays.x, arrays.dy, arrays.mean, arrays.var))
    if training:
        _, mean, var = batch_norm_training(x, gamma, beta, epsilon=config.epsilon, axis=case.axis)
    found = batch_norm_grad(
        x, gamma, mean, var, dy, epsilon=config.epsilon, axis=case.axis, training=training
    )
    wanted = {"x": True, "gamma": config.scale, "beta": config.center}
    return {name: np.asarray(getattr(found, name)) for name, there in wanted.items() if there}


def _affine(arrays: Arrays, config: LayerConfig | None) -> tuple[Array, Array]:
    gamma, beta = _wide(arrays.gamma), _wide(arrays.beta)
    scale, center = (True, True) if config is None else (config.scale, config.center)
    return gamma if scale else np.ones_like(gamma), beta if center else np.zeros_like(beta)


def _near(got: Array, expected: Array) -> bool:
    """To within a twentieth of the largest."""
    wide = _wide(got)
    with np.errstate(all="ignore"):
        return bool((np.abs(wide - expected) <= _NEAR * max(1e-30, np.abs(expected).max())).all())


def _farthest(got: Array, expected: Array) -> tuple[int, ...]:
    with np.errstate(all="ignore"):
        off = np.nan_to_num(np.abs(_wide(got) - expected), nan=np.inf)
    return tuple(int(k) for k in np.unravel_index(int(off.argmax()), off.shape))


def _wide(values: Any) -> Array:
    return np.asarray(values).astype(np.float64)
