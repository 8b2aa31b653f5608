"""Named wrong batch norms: what a failing implementation computes instead.

A deviation replaces one part of the definition (the parameters, the statistics, the divisor, the affine map,
a gradient, the running average). Its outputs are computed exactly and compared with what the implementation
returned, under the bounds a right one is held to. The one that explains every output of all the failing
trials is named; where none does, or several do that say different things, nothing is claimed.
"""

from conformance.diagnosis.deviations.deviation import Deviation
from conformance.diagnosis.deviations.forward import FORWARD
from conformance.diagnosis.deviations.gradient import GRADIENT
from conformance.diagnosis.deviations.running import RUNNING

__all__ = ["FORWARD", "GRADIENT", "RUNNING", "Deviation"]
