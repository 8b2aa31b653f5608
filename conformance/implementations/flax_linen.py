"""Flax's first API: ``flax.linen.BatchNorm``, with the variance in one pass over the data, its default, or in two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.implementation import Capabilities, Idiom, LayerConfig
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
import jax
import jax.numpy as jnp
from flax import linen

_NATIVE = {"gamma": "scale", "beta": "bias", "running_mean": "mean", "running_var": "var"}
_CANONICAL = {native: canonical for canonical, native in _NATIVE.items()}


def _apply(
    module: Any, training: bool, affine: Arrays, state: Arrays, x: Any, mask: Any
) -> tuple[Any, Arrays]:
    y, updated = module.apply(
        {"params": renamed(_NATIVE, affine), "batch_stats": renamed(_NATIVE, state)},
        x,
        use_running_average=not training,
        mask=mask,
        mutable=["batch_stats"],
    )
    return y, renamed(_CANONICAL, updated["batch_stats"])


class _Layer(FlaxLayer):
    def __init__(self, config: LayerConfig, *, fast: bool, compiled: bool) -> None:
        module = linen.BatchNorm(
            axis=config.axis,
            **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
            dtype=config.dtype,
            param_dtype=config.held_in,
            use_bias=config.center,
            use_scale=config.scale,
            use_fast_variance=fast,
            axis_name=REPLICA if config.replicas > 1 else None,
        )
        example = jnp.zeros(config.input_shape, config.dtype)
        variables = module.init(jax.random.key(0), example, use_running_average=False)
        affine = renamed(_CANONICAL, variables.get("params", {}))
        state = renamed(_CANONICAL, variables["batch_stats"])
        super().__init__(_apply, module, affine, state, config, compiled=compiled)


def _idiom(*, fast: bool, compiled: bool) -> Idiom:
    jit, end = ("jax.jit(", ")") if compiled else ("", "")
    collection = {name: "params" if name in ("gamma", "beta") else "batch_stats" for name in _NATIVE}
    return Idiom(
        setup=f"{SETUP}\nimport flax.linen as nn\nimport jax\nimport jax.numpy as jnp\nimport numpy as np",
        build=f"""\
module = nn.BatchNorm(
    axis=$axis, momentum=$momentum, epsilon=$epsilon, dtype="$dtype", param_dtype="$parameter_dtype",
    use_bias=$center, use_scale=$scale, use_fast_variance={fast},
)
example = jnp.zeros($shape, "$dtype")
$layer = module.bind(module.init(jax.random.key(0), example, use_running_average=False), mutable=True)""",
        apply=f"""\
module, variables = $layer.unbind()
y, updated = {jit}lambda variables, t: module.apply(
    variables, t, use_running_average=not $training, mutable=["batch_stats"]
){end}(variables, jnp.asarray($x, "$dtype"))
$layer = module.bind({{**variables, **updated}}, mutable=True)"""
        if compiled
        else 'y = $layer(jnp.asarray($x, "$dtype"), use_running_average=not $training)',
        differentiate=f"""\
module, variables = $layer.unbind()


def call(params, t):
    variables["params"] = params
    return module.apply(variables, t, use_running_average=not $training, mutable=["batch_stats"])[0]


t, upstream = jnp.asarray($x, "$dtype"), jnp.asarray($dy, "$dtype")
pull = {jit}lambda params, t, upstream: jax.vjp(call, params, t)[1](upstream){end}
gradients, dx = pull(variables["params"], t, upstream)
dgamma, dbeta = gradients["scale"], gradients["bias"]""",
        get=(
            *((n, f'np.asarray($layer.variables["{collection[n]}"]["{_NATIVE[n]}"])') for n in _NATIVE),
            ("epsilon", "$layer.epsilon"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple(
            (n, f'$layer.put_variable("{collection[n]}", "{_NATIVE[n]}", jnp.asarray($value))')
            for n in _NATIVE
        ),
    )


class FlaxLinen:
    """``flax.linen.BatchNorm``: axis, momentum, epsilon, dtype, param_dtype, use_bias, use_scale, use_fast_variance;
    axis_name over replicas; mask.

    https://flax.readthedocs.io/en/latest/api_reference/flax.linen/layers.html#flax.linen.BatchNorm. dtype is the
    inputs'. What is loaded takes the place of a leaf in the tree of variables.
    """

    name = "Flax linen.BatchNorm"
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
    _fast, _compiled = True, False
    idiom = _idiom(fast=_fast, compiled=_compiled)

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config, fast=self._fast, compiled=self._compiled)


class FlaxLinenJit(FlaxLinen):
    """The same under ``jax.jit``."""

    name, _compiled = "Flax linen.BatchNorm, jit", True
    capabilities = replace(FlaxLinen.capabilities, eager=True)
    idiom = _idiom(fast=True, compiled=True)


class FlaxLinenTwoPass(FlaxLinen):
    """With ``use_fast_variance=False``: E[(x - mean)²] in place of E[x²] - E[x]²."""

    name, _fast = "Flax linen.BatchNorm, use_fast_variance=False", False
    idiom = _idiom(fast=False, compiled=False)


class FlaxLinenTwoPassJit(FlaxLinenTwoPass):
    """The same under ``jax.jit``."""

    name, _compiled = "Flax linen.BatchNorm, use_fast_variance=False, jit", True
    capabilities = replace(FlaxLinen.capabilities, eager=True)
    idiom = _idiom(fast=False, compiled=True)
