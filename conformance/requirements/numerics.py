"""numerics: the arithmetic is as good as the dtype allows."""

from __future__ import annotations

import numpy as np

from conformance import probes
from conformance.requirement import MUST, Trial, Verdict, failed, passed, requirement


@requirement(
    "numerics.bound",
    MUST,
    "The output lies within the bound for means up to eight standard deviations from zero (kappa <= 8), wide "
    "scales and long sums, in training and inference.",
    source="[N]",
    probes=(probes.training_hard, probes.inference_hard),
    presupposes=("forward.training", "forward.inference"),
)
def bound(trial: Trial) -> Verdict:
    return trial.forward_within(0)


@requirement(
    "numerics.variance",
    MUST,
    "Finite, well-scaled input never gives NaN or infinity: the computed variance is not negative.",
    source="[N]",
    probes=(probes.training_ill,),
    presupposes=("shape.gamma", "shape.beta"),
)
def variance(trial: Trial) -> Verdict:
    got = trial.forwards[0].got
    if got is None:
        return failed("there is no y")
    lost = ~np.isfinite(got.astype(np.float64))
    if not lost.any():
        return passed()
    index = tuple(int(i) for i in np.unravel_index(int(lost.argmax()), lost.shape))
    feature = index[trial.case.axis] if got.shape == trial.case.shape else None
    of = ""
    if feature is not None:
        recipe = trial.case.features[feature]
        of = " of a feature whose mean is {recipe.kappa:g} times its standard deviation"
        of = " of a constant feature" if recipe.values == "constant" else of.format(recipe=recipe)
    return failed(
        f"y{list(index)}{of} is {got[index]}, although x and the exact output are finite; "
        f"{int(lost.sum())} of {got.size} values are lost",
        ratio=float("inf"),
        feature=feature,
        index=index,
        actual=float(got[index]),
    )
