"""Impostors that are not what they declare of themselves."""

from __future__ import annotations

from dataclasses import replace

from conformance.gallery.layer import BatchNorm
from conformance.implementation import Array, Gradients, LayerConfig


class _Declaring(BatchNorm):
    kind = "declared"
    sound = False


class AnotherEpsilonThanDeclared(_Declaring):
    what = "Declares an epsilon of 1e-3 as its only one, and has 1e-5."
    deviation = "epsilon-fixed-1e-05"
    capabilities = replace(BatchNorm.capabilities, epsilon=1e-3)

    def start(self, config: LayerConfig) -> None:
        super().start(replace(config, epsilon=1e-5))


class AnotherMomentumThanDeclared(_Declaring):
    what = "Declares a momentum of 0.9 as its only one, and has 0.99."
    deviation = "momentum-fixed-0.99"
    capabilities = replace(BatchNorm.capabilities, momentum=0.9)

    def start(self, config: LayerConfig) -> None:
        super().start(replace(config, momentum=0.99))


class FrozenGammaLeftOut(_Declaring):
    what = "Gives the gradient of x alone, and computes it as if gamma, which is not trained, were 1."
    capabilities = replace(BatchNorm.capabilities, gradients_of=("x",))

    def backward(self, dy: Array) -> Gradients:
        assert self.call is not None
        self.call = self.call._replace(gamma=self.call.gamma * 0 + 1)
        return Gradients(super().backward(dy).x)
