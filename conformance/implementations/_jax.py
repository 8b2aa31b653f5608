"""What the adapters of JAX's libraries share. A layer there is a function of its parameters, its state and x, which
gives y and the next state; gradients are ``jax.vjp``'s, and ``jax.jit`` compiles either.

https://docs.jax.dev/en/latest/_autosummary/jax.vjp.html,
https://docs.jax.dev/en/latest/_autosummary/jax.jit.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from conformance.implementation import Array, Gradients, LayerConfig
from conformance.implementations._kept import folder

os.environ["JAX_ENABLE_X64"] = "1"  # without it JAX has no float64 and silently takes float32
os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the one device that is declared, also where there is a GPU
os.environ.setdefault("PJRT_NPROC", "1")  # threads of XLA's pool; the XLA_FLAGS for it do nothing
# Even what is not jitted JAX compiles, operation by operation, for each shape:
# https://docs.jax.dev/en/latest/persistent_compilation_cache.html
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder("jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

#: Among how many replicas a batch can be split: so many devices the processor is made to be.
REPLICAS = 4
_FLAGS = f"--xla_force_host_platform_device_count={REPLICAS}"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAGS}".strip()

import jax
import jax.numpy as jnp

DTYPES = ("float32", "float64", "float16", "bfloat16")
#: The name of the axis along which replicas lie.
REPLICA = "replicas"
#: For the scripts, before the imports.
SETUP = 'import os\n\nos.environ["JAX_ENABLE_X64"] = "1"'
VERSION = str(jax.__version__)

Arrays: TypeAlias = dict[str, Any]
#: (the layer, training, gamma and beta, state, x, mask or None) -> (y, next state), arrays by canonical names. The
#: mask can be broadcast along x.
Function: TypeAlias = Callable[[Any, bool, Arrays, Arrays, Any, Any], tuple[Any, Arrays]]


class JaxLayer:
    """One layer, and the state it is in."""

    def __init__(
        self,
        function: Function,
        layer: Hashable,
        affine: Arrays,
        state: Arrays,
        config: LayerConfig,
        *,
        compiled: bool,
    ) -> None:
        """:param function: pure. :param layer: its first argument, hashable; the same for layers that are built the
        same, so that they share what was compiled.
        """
        self.affine, self.state = affine, state
        self._axis = config.axis
        alone = config.replicas == 1
        self._function = function if alone else Replicated(function, config.replicas)
        compiled = (compiled and not config.eager) or not alone
        self._call: Callable[..., Any] = _call_compiled if compiled else _call
        self._pull: Callable[..., Any] = _pull_compiled if compiled else _pull
        self._layer = layer

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(value) for name, value in {**self.affine, **self.state}.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            held = self.affine if name in self.affine else self.state
            if name not in held:
                raise ValueError(
                    f"the layer has no {name}; it has {', '.join({**self.affine, **self.state})}"
                )
            held[name] = self.native(value, held[name])

    def native(self, value: Array, old: Any) -> Any:
        """An array to take the place of ``old``, in as wide a dtype: statistics of half-precision inputs are kept
        in float32, and those of float64 become so in the first step.
        """
        return jnp.array(value, jnp.promote_types(value.dtype, old.dtype))

    def forward(self, x: Array, *, training: bool, mask: Array | None = None) -> Array:
        along = None if mask is None else jnp.array(np.expand_dims(mask, self._axis))
        # Copies, since JAX may keep the very memory it is given.
        arrays = dict(self.affine), self.state, jnp.array(x), along
        self._last = self._function, self._layer, training, *arrays
        y, self.state = self._call(*self._last)
        return np.array(y)

    def backward(self, dy: Array) -> Gradients:
        """Recording a call takes ten times as long as making it, so it is repeated, from the state it met."""
        affine, x = self._pull(*self._last, jnp.array(dy))
        return Gradients(x=np.array(x), **{name: np.array(value) for name, value in affine.items()})

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        """Compiled as a whole: operation by operation it would take seconds."""
        arrays = dict(self.affine), self.state, jnp.array(x), tuple(map(jnp.array, along))
        return np.array(_composed(self._function, self._layer, training, modes, *arrays))


@dataclass(frozen=True)
class Replicated:
    """A function over replicas, by ``jax.pmap`` over an axis named :data:`REPLICA`: each takes its part of the batch
    and its own state; the state of the first is under the canonical names, that of the others under ``name@number``.

    https://docs.jax.dev/en/latest/_autosummary/jax.pmap.html
    """

    function: Function
    number: int

    def __call__(
        self, layer: Hashable, training: bool, affine: Arrays, state: Arrays, x: Any, _: Any
    ) -> tuple[Any, Arrays]:
        def one(state: Arrays, x: Any, affine: Arrays | None = None) -> tuple[Any, Arrays]:
            return self.function(layer, training, affine or {}, state, x, None)

        names = [name for name in state if "@" not in name]
        states = {n: jnp.stack([state.get(f"{n}@{k}", state[n]) for k in range(self.number)]) for n in names}
        parts = x.reshape(self.number, -1, *x.shape[1:])
        devices = jax.devices()[: self.number]
        # An empty argument would shift the axes of the others: then a state is not split.
        given, axes = ((affine,), (None,)) if affine else ((), ())
        over = jax.pmap(one, REPLICA, in_axes=(0, 0, *axes), devices=devices)
        y, after = jax.device_put(over(states, parts, *given), devices[0])
        shown = {f"{n}@{k}" if k else n: after[n][k] for n in names for k in range(self.number)}
        return y.reshape(x.shape), shown


def _call(function: Function, *arguments: Any) -> tuple[Any, Arrays]:
    return function(*arguments)


def _pull(
    function: Function,
    layer: Hashable,
    training: bool,
    affine: Arrays,
    state: Arrays,
    x: Any,
    mask: Any,
    dy: Any,
) -> Any:
    """The gradients of gamma and beta, and of x."""

    def call(affine: Arrays, x: Any) -> Any:
        return function(layer, training, affine, state, x, mask)[0]

    return jax.vjp(call, affine, x)[1](dy)


#: What :class:`JaxLayer` can compose, by ``jax.jvp`` and ``jax.vjp``: all of two, and three of three.
DERIVATIVES = (
    *("forward", "reverse over reverse", "forward over reverse", "reverse over forward"),
    *("forward over forward", "reverse over reverse over reverse", "forward over forward over reverse"),
    "forward over forward over forward",
)


def _derivative(
    function: Function,
    layer: Hashable,
    training: bool,
    modes: tuple[str, ...],
    affine: Arrays,
    state: Arrays,
    x: Any,
    along: tuple[Any, ...],
) -> Any:
    def y(x: Any) -> Any:
        return function(layer, training, affine, state, x, None)[0]

    def forward(f: Any, v: Any) -> Any:
        return lambda x: jax.jvp(f, (x,), (v,))[1]

    def reverse(f: Any, v: Any) -> Any:
        return lambda x: jax.vjp(f, x)[1](v)[0]

    composed = y
    for mode, direction in zip(modes, along, strict=True):
        composed = (forward if mode == "forward" else reverse)(composed, direction)
    return composed(x)


_composed = jax.jit(_derivative, static_argnums=(0, 1, 2, 3))
_call_compiled = jax.jit(_call, static_argnums=(0, 1, 2))
_pull_compiled = jax.jit(_pull, static_argnums=(0, 1, 2))


def renamed(names: Mapping[str, str], arrays: Mapping[str, Any]) -> Arrays:
    """The arrays under other names."""
    return {names[name]: value for name, value in arrays.items()}
