"""Keras 3 under XLA: ``keras.layers.BatchNormalization`` as ``Model.compile(jit_compile=True)`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from conformance.implementation import Array, Gradients, LayerConfig
from conformance.implementations.keras import KerasJax, KerasTensorFlow, built, canonical


class _Step:
    """A layer under a compiler, as a function of the values it is given, by canonical name. Layers of one
    configuration share it, since compiling takes hundreds of times as long as calling.
    """

    def __init__(self, keras: Any, config: LayerConfig) -> None:
        self.ops = keras.ops
        self.layer = built(keras, config)
        self.variables = {canonical(each): each for each in self.layer.variables}
        self.fresh = self.values()

    def values(self) -> dict[str, Array]:
        return {name: np.array(each.value) for name, each in self.variables.items()}

    def assign(self, values: Mapping[str, Array]) -> None:
        for name, value in values.items():
            self.variables[name].assign(value.copy())

    def call(
        self, values: dict[str, Array], x: Any, keywords: dict[str, Any]
    ) -> tuple[Any, dict[str, Array]]:
        """y, and the values after."""
        raise NotImplementedError

    def pull(self, values: dict[str, Array], x: Any, keywords: dict[str, Any], dy: Any) -> dict[str, Any]:
        """The gradients of x, gamma and beta."""
        raise NotImplementedError


class _TensorFlowStep(_Step):
    """As in ``Model.fit``, the layer's variables are read and assigned to, and the tape is, inside the function."""

    def __init__(self, keras: Any, config: LayerConfig) -> None:
        import tensorflow as tf

        super().__init__(keras, config)

        def call(x: Any, keywords: dict[str, Any]) -> Any:
            return self.layer(x, **keywords)

        def pull(x: Any, keywords: dict[str, Any], dy: Any) -> Any:
            affine = {each.name: each.value for each in self.layer.trainable_variables}
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = self.layer(x, **keywords)
            return tape.gradient(y, {"x": x, **affine}, output_gradients=dy)

        compiled = {"jit_compile": True, "reduce_retracing": True, "autograph": False}
        self._call, self._pull = tf.function(call, **compiled), tf.function(pull, **compiled)

    def call(
        self, values: dict[str, Array], x: Any, keywords: dict[str, Any]
    ) -> tuple[Any, dict[str, Array]]:
        self.assign(values)
        return self._call(x, keywords), self.values()

    def pull(self, values: dict[str, Array], x: Any, keywords: dict[str, Any], dy: Any) -> dict[str, Any]:
        self.assign(values)
        gradients: dict[str, Any] = self._pull(x, keywords, dy)
        return gradients


class _JaxStep(_Step):
    """As ``Model.fit`` does it: ``layer.stateless_call`` under ``jax.jit``."""

    def __init__(self, keras: Any, config: LayerConfig) -> None:
        import jax

        super().__init__(keras, config)
        affine = [canonical(each) for each in self.layer.trainable_variables]
        state = [canonical(each) for each in self.layer.non_trainable_variables]

        def call(values: dict[str, Any], x: Any, training: bool, mask: Any) -> tuple[Any, dict[str, Any]]:
            given = [values[name] for name in affine], [values[name] for name in state]
            y, after = self.layer.stateless_call(*given, x, training=training, mask=mask)
            return y, {**values, **dict(zip(state, after, strict=True))}

        def pull(values: dict[str, Any], x: Any, training: bool, mask: Any, dy: Any) -> dict[str, Any]:
            def of(inputs: dict[str, Any]) -> Any:
                return call({**values, **inputs}, inputs["x"], training, mask)[0]

            gradients: dict[str, Any]
            (gradients,) = jax.vjp(of, {"x": x, **{name: values[name] for name in affine}})[1](dy)
            return gradients

        self._call, self._pull = jax.jit(call, static_argnums=2), jax.jit(pull, static_argnums=2)

    def call(
        self, values: dict[str, Array], x: Any, keywords: dict[str, Any]
    ) -> tuple[Any, dict[str, Array]]:
        y, after = self._call(values, x, keywords["training"], keywords.get("mask"))
        return y, {name: np.array(value) for name, value in after.items()}

    def pull(self, values: dict[str, Array], x: Any, keywords: dict[str, Any], dy: Any) -> dict[str, Any]:
        gradients: dict[str, Any] = self._pull(values, x, keywords["training"], keywords.get("mask"), dy)
        return gradients


@cache
def _step(kind: type[_Step], config: LayerConfig) -> _Step:
    import keras

    return kind(keras, config)


class _CompiledLayer:
    """One layer, and the values it has."""

    def __init__(self, step: _Step) -> None:
        self._step, self._values = step, dict(step.fresh)

    def parameters(self) -> dict[str, Array]:
        return dict(self._values)

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name in parameters:
            if name not in self._values:
                raise ValueError(f"the layer has no {name}; it has {', '.join(self._values)}")
        self._step.assign(self._values | dict(parameters))
        self._values = self._step.values()

    def forward(self, x: Array, *, training: bool, mask: Array | None = None) -> Array:
        keywords = {"training": training} | ({} if mask is None else {"mask": self._tensor(mask)})
        self._last = self._values, self._tensor(x), keywords
        y, self._values = self._step.call(*self._last)
        return np.array(y)

    def backward(self, dy: Array) -> Gradients:
        """Compiled by itself, and so the call is repeated, from the values it met."""
        gradients = self._step.pull(*self._last, self._tensor(dy))
        return Gradients(**{name: np.array(each) for name, each in gradients.items()})

    def _tensor(self, x: Array) -> Any:
        return self._step.ops.convert_to_tensor(x, dtype=x.dtype.name)


class KerasTensorFlowJit(KerasTensorFlow):
    """The layer, and its gradients by ``tf.GradientTape``, under ``tf.function(jit_compile=True)``, which is what
    ``jit_compile=True`` means to ``Model.compile``: https://keras.io/api/models/model_training_apis/#compile-method.
    """

    name = "Keras (TensorFlow), jit_compile"
    capabilities = replace(
        KerasTensorFlow.capabilities,
        compiles=True,
        eager=True,
        derivatives=(),
        outstanding=False,
        frozen=(),
        saves=(),
    )
    idiom = replace(
        KerasTensorFlow.idiom,
        apply="""\
y = tf.function($layer, jit_compile=True, autograph=False)(tf.constant($x, "$dtype"), training=$training)""",
        differentiate="""\
@tf.function(jit_compile=True, autograph=False)
def differentiate(t, dy):
    with tf.GradientTape() as tape:
        tape.watch(t)
        y = $layer(t, training=$training)
    return y, tape.gradient(y, [t, $layer.gamma.value, $layer.beta.value], dy)


y, (dx, dgamma, dbeta) = differentiate(tf.constant($x, "$dtype"), tf.constant($dy, "$dtype"))""",
    )

    def build(self, config: LayerConfig) -> Any:
        return super().build(config) if config.eager else _CompiledLayer(_step(_TensorFlowStep, config))


class KerasJaxJit(KerasJax):
    """``layer.stateless_call``, and its gradients by ``jax.vjp``, under ``jax.jit``, as ``Model.fit`` has it:
    https://keras.io/api/models/model_training_apis/#compile-method.
    """

    name = "Keras (JAX), jit_compile"
    capabilities = replace(KerasJax.capabilities, eager=True, frozen=(), saves=())
    idiom = replace(
        KerasJax.idiom,
        apply="""\
affine = [each.value for each in $layer.trainable_variables]
state = [each.value for each in $layer.non_trainable_variables]
y, state = jax.jit(lambda *given: $layer.stateless_call(*given, training=$training))(
    affine, state, keras.ops.convert_to_tensor($x, "$dtype")
)
for variable, value in zip($layer.non_trainable_variables, state):
    variable.assign(value)""",
        differentiate="""\
state = [each.value for each in $layer.non_trainable_variables]


@jax.jit
def differentiate(affine, t, dy):
    y, back = jax.vjp(
        lambda affine, t: $layer.stateless_call(affine, state, t, training=$training)[0], affine, t
    )
    return y, back(dy)


y, ((dgamma, dbeta), dx) = differentiate(
    [$layer.gamma.value, $layer.beta.value],
    keras.ops.convert_to_tensor($x, "$dtype"),
    keras.ops.convert_to_tensor($dy, "$dtype"),
)""",
    )

    def build(self, config: LayerConfig) -> Any:
        return super().build(config) if config.eager else _CompiledLayer(_step(_JaxStep, config))
