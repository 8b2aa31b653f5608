"""From a failing case to the smallest one that still fails.

Hypothesis shrinks the choices a case was drawn from, and cannot know that one feature is one experiment.
Here a case is reduced as what it is: to the failing feature, to the
smallest shape, the plainest regime, the usual epsilon. So a case that came from a file shrinks as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.cases.case import Case, Regime


def minimise(
    case: Case,
    fails: Callable[[Case], bool],
    *,
    feature: int | None = None,
    min_features: int = 1,
    min_count: int = 1,
    epsilons: tuple[float, ...] = (1e-5, 1e-3),
    admits: Callable[[Case], bool] = lambda _: True,
    attempts: int = 400,
) -> Case:
    """The smallest case found for which ``fails`` holds, as it does for ``case``.

    :param feature: the feature to try alone first.
    :param min_features, min_count: what the experiment needs; no smaller case is tried.
    :param epsilons: those to try, the plainest first.
    :param admits: whether the implementation takes cases of this shape and axis at all.
    :param attempts: most cases to try.
    """
    left = attempts
    improved = True
    while improved and left:
        improved = False
        for simpler in _simpler(case, feature, epsilons):
            if simpler.n < min_features or simpler.count < min_count or not admits(simpler):
                continue
            if not left:
                break
            left -= 1
            if fails(simpler):
                case, improved, feature = simpler, True, None
                break
    return case


def _simpler(case: Case, feature: int | None, epsilons: tuple[float, ...]) -> Iterator[Case]:
    """Simpler cases, the boldest steps first."""
    everyone = range(case.n)
    if case.n > 1:
        if feature is not None and feature < case.n:
            yield case.only((feature,))
            for other in list(everyone)[:3]:
                if other != feature:
                    yield case.only(tuple(sorted((feature, other))))
        half = case.n // 2
        yield case.only(tuple(everyone)[:half])
        yield case.only(tuple(everyone)[half:])
        if case.n <= 32:
            for k in reversed(everyone):
                yield case.only(tuple(j for j in everyone if j != k))
    yield from _smaller_shapes(case)
    if case.memory != "contiguous":
        yield replace(case, memory="contiguous")
    yield from _plainer_regimes(case)
    for epsilon in epsilons:
        if epsilon == case.epsilon:
            break
        yield replace(case, epsilon=epsilon)
    if case.momentum != 0.9:
        yield replace(case, momentum=0.9)
    if case.seed:
        yield replace(case, seed=0)
    if any(regime.stream != k for k, regime in enumerate(case.features)):
        yield replace(case, features=tuple(replace(r, stream=k) for k, r in enumerate(case.features)))


def _smaller_shapes(case: Case) -> Iterator[Case]:
    axis = case.feature_axis
    if len(case.shape) > 2:
        yield case.with_shape((case.count, case.n), 1)
        for k in range(len(case.shape) - 1, -1, -1):
            if k != axis and case.shape[k] == 1:
                shape = case.shape[:k] + case.shape[k + 1 :]
                yield case.with_shape(shape, axis - (k < axis))
    for k in range(len(case.shape) - 1, -1, -1):
        extent = case.shape[k]
        if k != axis:
            for smaller in dict.fromkeys((1, 2, 3, extent // 4, extent // 2, extent - 1)):
                if 1 <= smaller < extent:
                    shape = (*case.shape[:k], smaller, *case.shape[k + 1 :])
                    yield case.with_shape(shape, case.axis)
    if len(case.shape) == 2 and case.axis != 1:
        yield case.with_shape((case.count, case.n), 1)


def _plainer_regimes(case: Case) -> Iterator[Case]:
    """Every feature's regime at once, then one feature's."""
    steps: list[Callable[[Regime], Regime]] = [
        lambda r: Regime(stream=r.stream),
        lambda r: replace(r, gamma="one"),
        lambda r: replace(r, beta="zero"),
        lambda r: replace(r, values="normal"),
        lambda r: replace(r, scale=1.0),
        lambda r: replace(r, kappa=0.0),
        lambda r: replace(r, kappa=abs(r.kappa)),
        lambda r: replace(r, kappa=r.kappa / 10) if abs(r.kappa) >= 10 else r,
    ]
    for step in steps:
        plainer = tuple(step(r) for r in case.features)
        if plainer != case.features:
            yield replace(case, features=plainer)
    for k, regime in enumerate(case.features[:4]):
        for step in steps:
            if case.n > 1 and step(regime) != regime:
                features = (*case.features[:k], step(regime), *case.features[k + 1 :])
                yield replace(case, features=features)
