"""Equinox: ``equinox.nn.BatchNorm`` in its modes "batch" and "ema"."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from conformance.implementation import Array, Capabilities, Idiom, LayerConfig
from conformance.implementations._jax import DERIVATIVES, DTYPES, SETUP, VERSION, Arrays, JaxLayer

# isort: split
import equinox
import jax
import jax.numpy as jnp

_NAMES = (("gamma", "weight"), ("beta", "bias"))
_STATISTICS = ("running_mean", "running_var")
_MANY = 1 << 30  # batches, after which there is nothing left to debias


def _apply(layer: Any, training: bool, affine: Arrays, state: Arrays, x: Any, _: Any) -> tuple[Any, Arrays]:
    """The module takes one sample, features first, and the axis of the batch by its name."""
    module, axis, tree, leaves = layer
    if affine:
        own = tuple(affine[name] for name, _ in _NAMES)
        module = equinox.tree_at(lambda it: (it.weight, it.bias), module, own, is_leaf=lambda it: it is None)
    held = jax.tree.unflatten(tree, [state[name] for name in leaves])
    of_samples = jax.vmap(
        functools.partial(module, inference=not training),
        axis_name="batch",
        in_axes=(0, None),
        out_axes=(0, None),
    )
    y, held = of_samples(jnp.moveaxis(x, axis, 1), held)
    return jnp.moveaxis(y, 1, axis), dict(zip(leaves, jax.tree.leaves(held), strict=True))


def _debiased(state: Arrays, momentum: float) -> Arrays:
    counter = state["counter"]
    scale = jnp.where(counter == 0, 1, 1 - momentum**counter)
    return {name: state[name] / scale for name in _STATISTICS}


_debiased_compiled = jax.jit(_debiased, static_argnums=1)


class _Layer(JaxLayer):
    mode: Literal["batch", "ema"]
    leaves: tuple[str, ...]  #: names of what the state consists of, in its order

    def __init__(self, config: LayerConfig, *, compiled: bool) -> None:
        module, state = equinox.nn.make_with_state(equinox.nn.BatchNorm)(
            config.input_shape[config.axis],
            "batch",
            **({} if config.defaults else {"eps": config.epsilon, "momentum": config.momentum}),
            channelwise_affine=config.scale,
            dtype=jnp.dtype(config.dtype),
            mode=self.mode,
        )
        affine = {name: getattr(module, native) for name, native in _NAMES} if config.scale else {}
        _, self.module = equinox.partition(module, equinox.is_array)
        layer = self.module, config.axis, jax.tree.structure(state), self.leaves
        leaves = dict(zip(self.leaves, jax.tree.leaves(state), strict=True))
        super().__init__(_apply, layer, affine, leaves, config, compiled=compiled)
        self.compiled = compiled and not config.eager

    def save(self, format: str) -> bytes:
        file = io.BytesIO()
        equinox.tree_serialise_leaves(file, (self.affine, self.state))
        return file.getvalue()

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        file = io.BytesIO(saved)
        self.affine, self.state = equinox.tree_deserialise_leaves(file, (self.affine, self.state))


class _BatchLayer(_Layer):
    """The state is a number of batches, and averages from which inference makes the statistics it uses."""

    mode = "batch"
    leaves = ("counter", *_STATISTICS)

    def parameters(self) -> dict[str, Array]:
        """The statistics as inference makes them: compiled, a power may round otherwise."""
        made = (_debiased_compiled if self.compiled else _debiased)(self.state, self.module.momentum)
        return {name: np.array(value) for name, value in {**self.affine, **made}.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        """Statistics that are loaded stand for many batches, so that they move on from there."""
        super().load(parameters)
        if parameters.keys() & set(_STATISTICS):
            many = (
                0 if self.module.momentum == 1 else _MANY
            )  # 1 debiases to 0 / 0, but before the first batch
            self.state = {**self.state, "counter": jnp.array(many)}


class _EmaLayer(_Layer):
    """The state is whether the statistics are still to be filled, and the statistics."""

    mode = "ema"
    leaves = ("first_time", *_STATISTICS)

    def load(self, parameters: Mapping[str, Array]) -> None:
        """Statistics that are loaded are there, and not still to be filled."""
        if parameters.keys() & set(_STATISTICS):
            self.state = {**self.state, "first_time": jnp.array(False)}
        super().load(parameters)


def _idiom(*, mode: str, compiled: bool) -> Idiom:
    jit, end = ("jax.jit(", ")") if compiled else ("", "")
    filtered, closed = ("eqx.filter_jit(", ")") if compiled else ("", "")
    index = f"$layer.module.{mode}_state_index"
    held = f"$layer.state.get({index})"
    divided = ""
    loaded = "$layer.state = $layer.state.set($layer.module.ema_first_time_index, jnp.array(False))"
    if mode == "batch":
        counter = "$layer.state.get($layer.module.batch_counter)"
        divided = f" / jnp.where({counter} == 0, 1, 1 - $layer.module.momentum**{counter})"
        loaded = f"""\
# as after so many batches that there is nothing left to debias
many = jnp.array(0 if $layer.module.momentum == 1 else {_MANY})
$layer.state = $layer.state.set($layer.module.batch_counter, many)"""
    return Idiom(
        setup=f"{SETUP}\nfrom functools import partial\nfrom types import SimpleNamespace\n\n"
        "import equinox as eqx\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\n\n"
        'over_batch = dict(axis_name="batch", in_axes=(0, None), out_axes=(0, None))',
        build=f"""\
make = eqx.nn.make_with_state(eqx.nn.BatchNorm)
module, state = make(
    $n, "batch", eps=$epsilon, momentum=$momentum, channelwise_affine=$scale, dtype=jnp.dtype("$dtype"),
    mode="{mode}",
)
$layer = SimpleNamespace(module=module, state=state)""",
        apply=f"""\
call = {filtered}jax.vmap(partial($layer.module, inference=not $training), **over_batch){closed}
y, $layer.state = call(jnp.asarray($x, "$dtype"), $layer.state)""",
        differentiate=f"""\
def call(affine, t):
    module = eqx.tree_at(lambda it: (it.weight, it.bias), $layer.module, affine)
    return jax.vmap(partial(module, inference=not $training), **over_batch)(t, $layer.state)[0]


t, upstream = jnp.asarray($x, "$dtype"), jnp.asarray($dy, "$dtype")
pull = {jit}lambda affine, t, upstream: jax.vjp(call, affine, t)[1](upstream){end}
(dgamma, dbeta), dx = pull(($layer.module.weight, $layer.module.bias), t, upstream)""",
        get=(
            *((name, f"np.asarray($layer.module.{native})") for name, native in _NAMES),
            *((name, f"np.asarray({held}[{k}]{divided})") for k, name in enumerate(_STATISTICS)),
            ("epsilon", "$layer.module.eps"),
            ("momentum", "$layer.module.momentum"),
        ),
        set=(
            *(
                (
                    name,
                    f"$layer.module = eqx.tree_at(lambda it: it.{native}, $layer.module, jnp.asarray($value))",
                )
                for name, native in _NAMES
            ),
            *(
                (
                    name,
                    f"""\
mean, var = {held}
{short} = jnp.asarray($value, {short}.dtype)
$layer.state = $layer.state.set({index}, (mean, var))
{loaded}""",
                )
                for name, short in zip(_STATISTICS, ("mean", "var"), strict=True)
            ),
        ),
    )


class EquinoxBatch:
    """``equinox.nn.BatchNorm``, ``mode="batch"``: input_size, axis_name, eps, momentum, channelwise_affine, dtype.

    https://docs.kidger.site/equinox/api/nn/normalisation/#equinox.nn.BatchNorm. Under ``jax.vmap`` over the batch, so
    that the features are the first axis of a sample; they are moved there and back. gamma and beta are replaced by
    ``equinox.tree_at``. The running statistics are those of which inference makes use, the state divided by
    1 - momentum^batches; what is loaded stands for many batches.
    """

    name = "Equinox nn.BatchNorm, mode=batch"
    version = f"{equinox.__version__}, jax {VERSION}"
    capabilities = Capabilities(
        dtypes=DTYPES,
        names=_NAMES,
        axes=(1,),
        moves_axis=True,
        gradients=True,
        derivatives=DERIVATIVES,
        affine="joint",
        defaults=True,
        compiles=True,
        saves=("leaves",),
    )
    idiom = _idiom(mode="batch", compiled=False)
    _layer: type[_Layer] = _BatchLayer
    _compiled = False

    def build(self, config: LayerConfig) -> _Layer:
        if config.scale != config.center:
            raise ValueError(
                "equinox.nn.BatchNorm has one argument, channelwise_affine, for scale and center together"
            )
        return self._layer(config, compiled=self._compiled)


class EquinoxBatchJit(EquinoxBatch):
    """The same under ``jax.jit``."""

    name, _compiled = "Equinox nn.BatchNorm, mode=batch, jit", True
    capabilities = replace(EquinoxBatch.capabilities, eager=True)
    idiom = _idiom(mode="batch", compiled=True)


class EquinoxEma(EquinoxBatch):
    """``mode="ema"``: training normalises by the running statistics, this batch averaged in, and not by the batch's.
    The first batch replaces the initial ones.
    """

    name, _layer = "Equinox nn.BatchNorm, mode=ema", _EmaLayer
    idiom = _idiom(mode="ema", compiled=False)


class EquinoxEmaJit(EquinoxEma):
    """The same under ``jax.jit``."""

    name, _compiled = "Equinox nn.BatchNorm, mode=ema, jit", True
    capabilities = replace(EquinoxBatch.capabilities, eager=True)
    idiom = _idiom(mode="ema", compiled=True)
