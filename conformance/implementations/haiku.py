"""Haiku: ``haiku.BatchNorm`` under ``haiku.transform_with_state``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.implementation import Array, Capabilities, Idiom, LayerConfig
from conformance.implementations._jax import (
    DERIVATIVES,
    DTYPES,
    REPLICA,
    REPLICAS,
    SETUP,
    VERSION,
    Arrays,
    JaxLayer,
)

# isort: split
import haiku
import jax.numpy as jnp

_MODULE = "batch_norm"
_AFFINE = {"gamma": "scale", "beta": "offset"}
_AVERAGES = {"running_mean": f"{_MODULE}/~/mean_ema", "running_var": f"{_MODULE}/~/var_ema"}
_MANY = 1 << 30  # batches, after which there is nothing left to debias


@functools.cache
def _transformed(
    eps: float, decay_rate: float, scale: bool, offset: bool, axis: tuple[int, ...], replicas: str | None
) -> Any:
    def call(x: Any, training: bool) -> Any:
        module = haiku.BatchNorm(scale, offset, decay_rate, eps, axis=axis, cross_replica_axis=replicas)
        return module(x, is_training=training)

    return haiku.transform_with_state(call)


def _apply(
    transformed: Any, training: bool, affine: Arrays, state: Arrays, x: Any, _: Any
) -> tuple[Any, Arrays]:
    params = {_MODULE: {_AFFINE[name]: value for name, value in affine.items()}} if affine else {}
    averages = {
        module: {
            "average": state[name],
            "hidden": state[f"{name}.hidden"],
            "counter": state[f"{name}.counter"],
        }
        for name, module in _AVERAGES.items()
    }
    y, averages = transformed.apply(params, averages, None, x, training)
    return y, _state(averages)


def _state(averages: Any) -> Arrays:
    """The averages and, under names of their own, what they are computed from."""
    found = {name: averages[module]["average"] for name, module in _AVERAGES.items()}
    for name, module in _AVERAGES.items():
        found |= {f"{name}.{part}": averages[module][part] for part in ("hidden", "counter")}
    return found


class _Layer(JaxLayer):
    def __init__(self, config: LayerConfig, *, compiled: bool) -> None:
        rank = len(config.input_shape)
        axis = tuple(k for k in range(rank) if k != config.axis % rank)
        options = config.epsilon, config.momentum, config.scale, config.center, axis
        transformed = _transformed(*options, REPLICA if config.replicas > 1 else None)
        params, averages = _transformed(*options, None).init(
            None, jnp.zeros(config.input_shape, config.dtype), True
        )
        held = params.get(_MODULE, {})
        affine = {name: held[native] for name, native in _AFFINE.items() if native in held}
        super().__init__(_apply, transformed, affine, _state(averages), config, compiled=compiled)

    def load(self, parameters: Mapping[str, Array]) -> None:
        """Statistics that come alone stand for many batches, so that they move on from there."""
        for name in _AVERAGES.keys() & parameters.keys():
            many = jnp.array(_MANY, jnp.int32)
            self.state |= {f"{name}.hidden": self.native(parameters[name], self.state[name])}
            self.state |= {f"{name}.counter": many}
        super().load(parameters)

    def native(self, value: Array, old: Any) -> Any:
        """A vector (k,) as (1, ..., k, ..., 1), as the module holds it; anything else as it is."""
        array = super().native(value, old)
        fits = array.ndim == 1 and array.size == old.size
        return array.reshape(old.shape) if fits else array


def _idiom(*, compiled: bool) -> Idiom:
    call = "jax.jit($layer.apply, static_argnums=4)" if compiled else "$layer.apply"
    jit, end = ("jax.jit(", ")") if compiled else ("", "")
    params, state = f'$layer.params["{_MODULE}"]', "$layer.state"
    return Idiom(
        setup=f"{SETUP}\nfrom types import SimpleNamespace\n\n"
        "import haiku as hk\nimport jax\nimport jax.numpy as jnp\nimport numpy as np",
        build="""\
others = [k for k in range(len($shape)) if k != $axis % len($shape)]
options = dict(create_scale=$scale, create_offset=$center, decay_rate=$momentum, eps=$epsilon, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
$layer = SimpleNamespace(apply=call.apply, options=options)
$layer.params, $layer.state = call.init(None, jnp.zeros($shape, "$dtype"), True)""",
        apply=f"""\
y, $layer.state = {call}(
    $layer.params, $layer.state, None, jnp.asarray($x, "$dtype"), $training
)""",
        differentiate=f"""\
t, upstream = jnp.asarray($x, "$dtype"), jnp.asarray($dy, "$dtype")
y, _ = {call}($layer.params, $layer.state, None, t, $training)


def call(params, t):
    return $layer.apply(params, $layer.state, None, t, $training)[0]


pull = {jit}lambda params, t, upstream: jax.vjp(call, params, t)[1](upstream){end}
gradients, dx = pull($layer.params, t, upstream)
dgamma, dbeta = (np.ravel(gradients["{_MODULE}"][name]) for name in ("scale", "offset"))""",
        get=(
            *((name, f'np.ravel({params}["{native}"])') for name, native in _AFFINE.items()),
            *((name, f'np.ravel({state}["{module}"]["average"])') for name, module in _AVERAGES.items()),
            ("epsilon", '$layer.options["eps"]'),
            ("momentum", '$layer.options["decay_rate"]'),
        ),
        set=(
            *(
                (name, f'{params}["{native}"] = jnp.reshape($value, {params}["{native}"].shape)')
                for name, native in _AFFINE.items()
            ),
            *(
                (
                    name,
                    f"""\
average = jnp.reshape($value, {state}["{module}"]["average"].shape)
# as after so many batches that there is nothing left to debias
{state}["{module}"] = dict(average=average, hidden=average, counter=jnp.int32({_MANY}))""",
                )
                for name, module in _AVERAGES.items()
            ),
        ),
    )


class Haiku:
    """``haiku.BatchNorm``: create_scale, create_offset, decay_rate, eps, axis; cross_replica_axis.

    https://dm-haiku.readthedocs.io/en/latest/api.html#batchnorm. What is called momentum here is ``decay_rate``,
    which has no default; ``axis`` are the axes but for the features'. The running statistics are the ``average`` of
    its two ``ExponentialMovingAverage``; their ``hidden`` and ``counter`` are extras.
    """

    name = "Haiku BatchNorm"
    version = f"{haiku.__version__}, jax {VERSION}"
    capabilities = Capabilities(
        dtypes=DTYPES,
        names=(
            *_AFFINE.items(),
            ("running_mean", "mean_ema.average"),
            ("running_var", "var_ema.average"),
        ),
        gradients=True,
        derivatives=DERIVATIVES,
        compiles=True,
        replicas=REPLICAS,
    )
    idiom = _idiom(compiled=False)
    _compiled = False

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config, compiled=self._compiled)


class HaikuJit(Haiku):
    """The same under ``jax.jit``."""

    name, _compiled = "Haiku BatchNorm, jit", True
    capabilities = replace(Haiku.capabilities, eager=True)
    idiom = _idiom(compiled=True)
