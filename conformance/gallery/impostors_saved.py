"""Impostors that are wrong once they were saved and restored, and right until then."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from conformance.gallery.forms import SavingBatchNorm
from conformance.implementation import Array


class _Saved(SavingBatchNorm):
    kind = "saved"
    sound = False
    fails = "saved.onward"


class SavesNoStatistics(_Saved):
    what = "The running statistics are not saved."
    fails = "saved.state"

    def contents(self) -> dict[str, Array]:
        return {name: a for name, a in super().contents().items() if not name.startswith("running")}


class SavesNarrowed(_Saved):
    what = "Whatever it holds is saved in float32."
    fails = "saved.state"
    deviation = "float64-narrowed"

    def contents(self) -> dict[str, Array]:
        return {name: a.astype(np.float32) for name, a in super().contents().items()}

    def take(self, contents: dict[str, Array]) -> None:
        super().take(
            {name: a.astype(self.held[name].dtype) for name, a in contents.items() if name in self.held}
        )
        self.batches = int(contents["batches"])


class SavesVarianceAsDeviation(_Saved):
    what = "Saves the root of the running variance and restores its square, rounded twice."
    fails = "saved.state"

    def contents(self) -> dict[str, Array]:
        found = super().contents()
        return {**found, "running_var": np.sqrt(found["running_var"])}

    def take(self, contents: dict[str, Array]) -> None:
        super().take({**contents, "running_var": np.square(contents["running_var"])})


class RestoresGammaAsBeta(_Saved):
    what = "Restored, gamma and beta are each other."
    fails = "saved.state"

    def take(self, contents: dict[str, Array]) -> None:
        named = {"gamma": "beta", "beta": "gamma"}
        super().take({named.get(name, name): a for name, a in contents.items()})


class SavesNoCount(_Saved):
    what = "The number of batches is not saved, and a cumulative average takes the next one for the first."

    def contents(self) -> dict[str, Array]:
        return {name: a for name, a in super().contents().items() if name != "batches"}


class RestoresDefaultEpsilon(_Saved):
    what = "Restored, it computes with an epsilon of 1e-3."

    def take(self, contents: dict[str, Array]) -> None:
        super().take(contents)
        self.epsilon = self.wide.type(1e-3)


class RestoresDefaultMomentum(_Saved):
    what = "Restored, it averages with a momentum of 0.99."

    def take(self, contents: dict[str, Array]) -> None:
        super().take(contents)
        self.momentum = 0.99


class RestoredForInference(_Saved):
    what = "Restored, it no longer moves its statistics."
    deviation = "statistics-not-updated"
    restored = False

    def take(self, contents: dict[str, Array]) -> None:
        super().take(contents)
        self.restored = True

    def update(self, mean: Array, var: Array, count: int) -> None:
        if not self.restored:
            super().update(mean, var, count)


class RestoredFolded(_Saved):
    what = "Restored, training normalises by the running statistics."
    restored = False

    def take(self, contents: dict[str, Array]) -> None:
        super().take(contents)
        self.restored = True

    def choose(self, x: Array) -> tuple[Array, Array]:
        chosen = super().choose(x)
        return self.given() if self.restored else chosen
