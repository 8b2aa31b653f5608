"""The contract an implementation of batch normalisation is adapted to.

An adapter adds nothing of its own. It passes ``epsilon`` and ``momentum`` verbatim to the arguments of those names:
the suite measures whether momentum keeps the old value or takes the new one. It returns parameters in their native
shapes and converts arrays. Its :class:`Capabilities` declare what it supports. The rest is skipped, and whatever it
declares but does not do is an error.

This module needs NumPy only, and is imported inside worker processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

#: The dtypes a case can have, by the names NumPy and ml_dtypes give them.
DTYPES = ("float32", "float64", "float16", "bfloat16")

#: The canonical names under which parameters travel.
PARAMETERS = ("gamma", "beta", "running_mean", "running_var")

#: What the loss can be differentiated by.
DIFFERENTIABLE = ("x", "gamma", "beta")

#: What of a layer can be frozen: gamma and beta, which then have no gradients; the running statistics, by which
#: training then normalises as inference does; both; or it keeps no statistics, and inference normalises by the batch.
FROZEN = ("parameters", "statistics", "all", "untracked")

#: How forward and reverse mode can be composed, the outermost first.
COMPOSITIONS = tuple(
    " over ".join(modes) for order in (1, 2, 3) for modes in product(("forward", "reverse"), repeat=order)
)


@dataclass(frozen=True, slots=True)
class LayerConfig:
    """What a layer is built from.

    :ivar input_shape: shape of the inputs to come, the feature axis included. A layer must take any batch
        size and spatial extent; the shape is there for frameworks that build for one.
    :ivar axis: the feature axis, possibly negative.
    :ivar dtype: dtype of the inputs, one of :data:`DTYPES`.
    :ivar parameter_dtype: dtype of the parameters and statistics, where it is not that of the inputs.
    :ivar epsilon: passed verbatim, as is ``momentum``.
    :ivar scale: whether there is a gamma; ``center``: whether there is a beta.
    :ivar defaults: leave epsilon and momentum out, so that the framework's own defaults apply.
    :ivar cumulative: keep a plain average of all batches, and not a moving one.
    :ivar device: where to compute, one of those declared. Arrays come and go as NumPy's all the same.
    :ivar eager: make the layer as it is before it is compiled or exported.
    :ivar frozen: what does not move, one of :data:`FROZEN`, or "" for nothing.
    :ivar replicas: split every batch along its first axis into so many parts, each normalised in a replica of its own
        by the statistics of the whole; outputs and dx are put together again, dgamma and dbeta are those of all.
    """

    input_shape: tuple[int, ...]
    axis: int
    dtype: str
    epsilon: float = 1e-5
    momentum: float = 0.9
    scale: bool = True
    center: bool = True
    defaults: bool = False
    cumulative: bool = False
    device: str = "cpu"
    eager: bool = False
    replicas: int = 1
    parameter_dtype: str | None = None
    frozen: str = ""

    @property
    def learns(self) -> bool:
        """Whether gamma and beta are trained, so that they have gradients."""
        return self.frozen not in ("parameters", "all")

    @property
    def tracks(self) -> bool:
        """Whether it keeps running statistics."""
        return self.frozen != "untracked"

    def by_batch(self, training: bool) -> bool:
        """Whether a call normalises by the statistics of the batch."""
        return not self.tracks or (training and self.frozen not in ("statistics", "all"))

    @property
    def held_in(self) -> str:
        """The dtype of the parameters and statistics."""
        return self.parameter_dtype or self.dtype

    @property
    def feature_axis(self) -> int:
        """The feature axis counted from 0."""
        return self.axis % len(self.input_shape)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an implementation says it does.

    :ivar dtypes: dtypes of x it takes.
    :ivar mixed: it takes those of them that are half precision beside parameters and statistics in float32, as
        mixed-precision training does, and answers in half precision.
    :ivar ranks: ranks of x it takes, batch and feature axes included.
    :ivar axes: the feature axes it takes: ``"any"``, or indices such as ``(1,)`` or ``(-1,)``.
    :ivar moves_axis: the adapter transposes to serve the other axes, because the framework has no argument.
    :ivar gradients: after which calls ``backward`` works: ``"training"``, ``"inference"``, or True for every call
        it can make.
    :ivar gradients_of: what ``backward`` gives the gradients of: ``("x",)`` where gamma and beta are not trained.
    :ivar derivatives: the compositions of forward and reverse mode by which ``derivative`` gives derivatives of y
        with respect to x: ``("forward", "reverse over reverse", "forward over reverse")``, the outermost mode first.
    :ivar outstanding: two calls may be outstanding: ``backward`` takes ``back=1``, and then gives those of the call
        before the last.
    :ivar frozen: those of :data:`FROZEN` that a layer can be built with.
    :ivar saves: the formats in which a layer can be saved, and restored in another process, by names of the adapter's
        own: ``("state_dict", "safetensors")``.
    :ivar training: it can normalise by the statistics of the batch. If not, it is for inference only.
    :ivar inference: it can normalise by statistics it kept or was given.
    :ivar affine: which of gamma and beta can be left out: ``"separate"`` each by itself, ``"joint"`` both or
        neither, ``"always"`` neither.
    :ivar parameters: it creates and holds gamma and beta. If not, it is a function that takes them as arguments.
    :ivar running: it keeps running statistics and uses them in inference. A function that takes statistics as
        arguments keeps none and declares False. Its inference is judged all the same.
    :ivar epsilon: the only epsilon it has, where it takes no other; ``momentum`` likewise. Every layer is then built
        with that one.
    :ivar defaults: it can be built with no epsilon and no momentum given.
    :ivar cumulative: it offers a cumulative average for its running statistics.
    :ivar views: arrays reach it with the strides they have in the caller's memory. A program behind a pipe sees
        contiguous arrays only.
    :ivar compiles: it compiles for each new shape, so the suite draws shapes from a small pool.
    :ivar names: the framework's own name of a parameter, if it differs from the canonical name:
        ``(("gamma", "weight"), ("beta", "bias"))``.
    :ivar devices: the devices it can compute on, by the framework's own names: ``("cpu", "cuda")``.
    :ivar eager: it is compiled or exported, and can also make the layer that it was made from.
    :ivar replicas: the number of replicas, 2 or more, over which it can split a batch and still normalise by the
        statistics of the whole; 0 if it cannot.
    :ivar uneven: the parts may differ in size; they are those of ``numpy.array_split``.
    :ivar mask: ``forward`` takes ``mask=``, and takes statistics over the positions where it is True.
    """

    dtypes: tuple[str, ...] = ("float32",)
    ranks: tuple[int, ...] = (2, 3, 4, 5)
    axes: Literal["any"] | tuple[int, ...] = "any"
    moves_axis: bool = False
    gradients: bool | Literal["training", "inference"] = False
    gradients_of: tuple[str, ...] = DIFFERENTIABLE
    derivatives: tuple[str, ...] = ()
    outstanding: bool = False
    frozen: tuple[str, ...] = ()
    saves: tuple[str, ...] = ()
    training: bool = True
    inference: bool = True
    affine: Literal["separate", "joint", "always"] = "separate"
    parameters: bool = True
    running: bool = True
    epsilon: float | None = None
    momentum: float | None = None
    defaults: bool = False
    cumulative: bool = False
    views: bool = True
    compiles: bool = False
    names: tuple[tuple[str, str], ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    eager: bool = False
    replicas: int = 0
    uneven: bool = False
    mask: bool = False
    mixed: bool = False

    @property
    def gradients_in_training(self) -> bool:
        """Whether ``backward`` works after a training call."""
        return self.training and self.gradients in (True, "training")

    @property
    def gradients_in_inference(self) -> bool:
        """Whether ``backward`` works after an inference call."""
        return self.inference and self.gradients in (True, "inference")

    @property
    def gradients_of_gamma_and_beta(self) -> bool:
        """Whether gamma and beta can be trained."""
        return {"gamma", "beta"} <= set(self.gradients_of)

    def _composed(self, order: int) -> bool:
        return any(name.count(" over ") == order - 1 for name in self.derivatives)

    @property
    def forward_mode(self) -> bool:
        """Whether it gives derivatives of y along a direction."""
        return "forward" in self.derivatives

    @property
    def second_derivatives(self) -> bool:
        """Whether it composes two modes."""
        return self._composed(2)

    @property
    def third_derivatives(self) -> bool:
        """Whether it composes three."""
        return self._composed(3)

    @property
    def adjustable_epsilon(self) -> bool:
        """Whether it takes any epsilon."""
        return self.epsilon is None

    @property
    def adjustable_momentum(self) -> bool:
        """Whether it takes any momentum."""
        return self.momentum is None

    def takes_constants(self, epsilon: float, momentum: float) -> bool:
        """Whether it can be built with these."""
        return self.epsilon in (None, epsilon) and self.momentum in (None, momentum)

    def differentiates(self, training: bool) -> bool:
        """Whether ``backward`` works after a training call, or after an inference call."""
        return self.gradients_in_training if training else self.gradients_in_inference

    def takes_axis(self, axis: int, rank: int) -> bool:
        """Whether inputs of ``rank`` may have their features along ``axis``."""
        if self.axes == "any" or self.moves_axis:
            return True
        return axis % rank in {each % rank for each in self.axes if -rank <= each < rank}

    def takes(self, shape: tuple[int, ...], axis: int, dtype: str | None = None) -> bool:
        """Whether inputs may have this shape, their features along ``axis``, and this dtype if one is given."""
        rank = len(shape)
        return rank in self.ranks and self.takes_axis(axis, rank) and dtype in (None, *self.dtypes)


@dataclass(frozen=True, slots=True)
class Idiom:
    """What an adapter does, as a person writes it in the framework's own API: pieces of Python from which scripts
    that stand alone, and recipes for porting weights, are put together. An implementation may have one as its
    attribute ``idiom``.

    In every piece ``$layer`` is the layer's name, and of the :class:`LayerConfig` there are ``$shape``, ``$axis``,
    ``$dtype``, ``$parameter_dtype``, ``$epsilon``, ``$momentum``, ``$scale`` and ``$center``; from its shape ``$n``,
    ``$spatial``, the number of axes but for batch and features, at least 1, ``$others``, the axes but for the
    features', and ``$along``, the shape (1, -1, 1) of a vector along the features' axis.

    :ivar setup: imports and settings, before everything else.
    :ivar build: statements that make ``$layer``; empty for a function.
    :ivar apply: statements that make ``y`` of the array ``$x`` with ``training=$training``.
    :ivar differentiate: the same and, of the upstream gradient ``$dy``, the gradients ``dx``, ``dgamma`` and
        ``dbeta``; empty where there are none.
    :ivar get: by canonical name of a parameter, an expression for it as an array. For recipes also ``epsilon`` and
        ``momentum`` as the layer itself has them.
    :ivar set: by canonical name of a parameter, a statement that gives it the array ``$value``.
    """

    setup: str
    build: str
    apply: str
    differentiate: str = ""
    get: tuple[tuple[str, str], ...] = ()
    set: tuple[tuple[str, str], ...] = ()


class Gradients(NamedTuple):
    """Gradients of the loss: ``x`` shaped as the input; ``gamma`` and ``beta`` in their native shapes, None
    where the layer has none.
    """

    x: Array
    gamma: Array | None = None
    beta: Array | None = None


@runtime_checkable
class Layer(Protocol):
    """One batch-norm layer."""

    def parameters(self) -> dict[str, Array]:
        """Those of :data:`PARAMETERS` it has, in their native shapes; other names are reported as extras."""
        ...

    def load(self, parameters: Mapping[str, Array]) -> None:
        """Take the given parameters and keep the others. A sound one arrives as an n-vector (n,); anything
        that does not fit is to be refused with an exception a person can read.
        """
        ...

    def forward(self, x: Array, *, training: bool) -> Array:
        """y, shaped as x and of its dtype.

        Where ``mask`` is declared, ``mask=`` may come as well: booleans shaped as x without its feature axis.
        """
        ...

    def backward(self, dy: Array) -> Gradients:
        """Gradients of the last forward call. Needed only where ``gradients`` is declared.

        Where ``outstanding`` is declared, ``back=1`` may come as well: then of the call before that. A call that
        raised is none.
        """
        ...


class Differentiable(Layer, Protocol):
    """A layer that declares ``derivatives``."""

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        """A derivative of y with respect to x, shaped as x.

        Each of ``modes``, the innermost first, makes another function of x of y, by the array at its place in
        ``along``: "forward" the derivative along that direction, "reverse" the gradient of the sum of its product
        with that array. What becomes of the running statistics is no matter.
        """
        ...


class Savable(Layer, Protocol):
    """A layer of an implementation that declares ``saves``."""

    def save(self, format: str) -> bytes:
        """All that another process needs to go on with it, in one of the formats declared."""
        ...

    def restore(self, format: str, saved: bytes) -> None:
        """Become the layer that another process saved: what it holds, how often it was trained, and whatever else its
        next calls depend on. This one was built from the same configuration, and nothing was called yet.
        """
        ...


class Implementation(Protocol):
    """A batch norm under test. Its class takes no arguments."""

    name: str
    version: str
    capabilities: Capabilities

    def build(self, config: LayerConfig) -> Layer:
        """A fresh layer, initialised as it is by default."""
        ...
