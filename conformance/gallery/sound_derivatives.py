"""Sound batch norms with derivatives of any order."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.gallery.differentiated import DifferentiatedBatchNorm
from conformance.gallery.dual import inverse_root, mean


class DerivativesOfEachForm(DifferentiatedBatchNorm):
    what = "Derivatives of y and of its gradient, by nested dual numbers."
    kind = "sound"


class DerivativesInOtherOrder(DifferentiatedBatchNorm):
    what = "The same of folded coefficients, with the variance taken in two passes that correct the mean."
    kind = "sound"

    def output(self, x: Any) -> Any:
        d = x - mean(x)
        correction = mean(d)
        r = inverse_root(mean(d * d) - correction * correction + self.epsilon)
        scale = r * self.gamma
        return x * scale - mean(x) * scale


class ReverseModeAlone(DifferentiatedBatchNorm):
    what = "Second derivatives by reverse mode, as frameworks without forward mode have them."
    kind = "sound"
    capabilities = replace(DifferentiatedBatchNorm.capabilities, derivatives=("reverse over reverse",))
