"""The oracle: what batch normalisation is, exactly, and how far a sound implementation may be from it.

This package imports NumPy and nothing else. It never sees a framework.
"""

from reference.batch_norm import (
    Gradients,
    Training,
    batch_norm_grad,
    batch_norm_inference,
    batch_norm_training,
    update_running_statistics,
)
from reference.double_double import DoubleDouble
from reference.identity import best_scalar_parameters, identity_parameters

__all__ = [
    "DoubleDouble",
    "Gradients",
    "Training",
    "batch_norm_grad",
    "batch_norm_inference",
    "batch_norm_training",
    "best_scalar_parameters",
    "identity_parameters",
    "update_running_statistics",
]
