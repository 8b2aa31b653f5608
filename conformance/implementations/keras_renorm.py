"""Keras 3 with batch renormalisation that corrects nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import LayerConfig
from conformance.implementations.keras import KerasTensorFlow


class KerasRenorm(KerasTensorFlow):
    """``renorm=True`` with ``renorm_clipping``, in which rmin = rmax = 1 and dmax = 0 leave nothing to correct, and
    training normalises by the batch alone: https://arxiv.org/abs/1702.03275.

    Declared are no defaults, since the paper's are other ones.
    """

    name = "Keras (TensorFlow), renorm"
    capabilities = replace(KerasTensorFlow.capabilities, defaults=False, derivatives=(), frozen=(), saves=())
    idiom = replace(
        KerasTensorFlow.idiom,
        build=KerasTensorFlow.idiom.build.replace(
            'dtype="$dtype"\n',
            'dtype="$dtype",\n    renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}\n',
        ),
    )

    def build(self, config: LayerConfig) -> Any:
        clipping = {"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}
        return self._layer(self._keras, config, renorm=True, renorm_clipping=clipping)
