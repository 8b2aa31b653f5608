"""Flax's second API: ``flax.nnx.BatchNorm``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import Array, Capabilities, Idiom, LayerConfig
from conformance.implementations._flax import SAVES, FlaxLayer
from conformance.implementations._jax import (
    DERIVATIVES,
    DTYPES,
    REPLICA,
    REPLICAS,
    SETUP,
    VERSION,
    Arrays,
    renamed,
)

# isort: split
import flax
import jax.numpy as jnp
from flax import nnx

_NATIVE = {"gamma": "scale", "beta": "bias", "running_mean": "mean", "running_var": "var"}
_CANONICAL = {native: canonical for canonical, native in _NATIVE.items()}


def _apply(
    graph: Any, training: bool, affine: Arrays, state: Arrays, x: Any, mask: Any
) -> tuple[Any, Arrays]:
    module = nnx.merge(graph, renamed(_NATIVE, affine | state))
    y = module(x, use_running_average=not training, mask=mask)
    return y, _arrays(nnx.state(module, nnx.BatchStat))


def _arrays(state: Any) -> Arrays:
    return renamed(_CANONICAL, nnx.to_pure_dict(state))


class _Layer(FlaxLayer):
    def __init__(self, config: LayerConfig, *, compiled: bool) -> None:
        module = nnx.BatchNorm(
            config.input_shape[config.axis],
            axis=config.axis,
            **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
            dtype=config.dtype,
            param_dtype=config.held_in,
            use_bias=config.center,
            use_scale=config.scale,
            axis_name=REPLICA if config.replicas > 1 else None,
            rngs=nnx.Rngs(0),
        )
        graph, affine, state = nnx.split(module, nnx.Param, nnx.BatchStat)
        super().__init__(_apply, graph, _arrays(affine), _arrays(state), config, compiled=compiled)

    def native(self, value: Array, old: Any) -> Any:
        """As ``variable[...] = value`` would, which keeps the dtype."""
        return jnp.array(value, old.dtype)


def _idiom(*, compiled: bool) -> Idiom:
    jit, end = ("jax.jit(", ")") if compiled else ("", "")
    apply = 'y = $layer(jnp.asarray($x, "$dtype"), use_running_average=not $training)'
    if compiled:
        apply = """\
step = nnx.jit(lambda layer, t: layer(t, use_running_average=not $training))
y = step($layer, jnp.asarray($x, "$dtype"))"""
    return Idiom(
        setup=f"{SETUP}\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\nfrom flax import nnx",
        build="""\
$layer = nnx.BatchNorm(
    $n, axis=$axis, momentum=$momentum, epsilon=$epsilon, dtype="$dtype", param_dtype="$parameter_dtype",
    use_bias=$center, use_scale=$scale, rngs=nnx.Rngs(0),
)""",
        apply=apply,
        differentiate=f"""\
graph, params, statistics = nnx.split($layer, nnx.Param, nnx.BatchStat)


def call(params, t):
    return nnx.merge(graph, params, statistics)(t, use_running_average=not $training)


t, upstream = jnp.asarray($x, "$dtype"), jnp.asarray($dy, "$dtype")
y = {jit}call{end}(params, t)
gradients, dx = {jit}lambda params, t, upstream: jax.vjp(call, params, t)[1](upstream){end}(params, t, upstream)
dgamma, dbeta = gradients["scale"][...], gradients["bias"][...]""",
        get=(
            *((name, f"np.asarray($layer.{native}[...])") for name, native in _NATIVE.items()),
            ("epsilon", "$layer.epsilon"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple((name, f"$layer.{native}[...] = jnp.asarray($value)") for name, native in _NATIVE.items()),
    )


class FlaxNNX:
    """``flax.nnx.BatchNorm``: num_features, axis, momentum, epsilon, dtype, param_dtype, use_bias, use_scale, rngs;
    axis_name over replicas; mask.

    https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/normalization.html#flax.nnx.BatchNorm. dtype is
    the inputs'; the variance is the default's, with ``use_fast_variance``. The module is split and merged again
    around each call, by ``nnx.split`` and ``nnx.merge``.
    """

    name = "Flax nnx.BatchNorm"
    version = f"{flax.__version__}, jax {VERSION}"
    capabilities = Capabilities(
        dtypes=DTYPES,
        names=tuple(_NATIVE.items()),
        defaults=True,
        gradients=True,
        derivatives=DERIVATIVES,
        compiles=True,
        replicas=REPLICAS,
        mask=True,
        mixed=True,
        saves=SAVES,
    )
    idiom = _idiom(compiled=False)
    _compiled = False

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config, compiled=self._compiled)


class FlaxNNXJit(FlaxNNX):
    """The same under ``jax.jit``."""

    name, _compiled = "Flax nnx.BatchNorm, jit", True
    capabilities = replace(FlaxNNX.capabilities, eager=True)
    idiom = _idiom(compiled=True)
