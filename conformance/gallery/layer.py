"""A plain batch norm in NumPy, in small steps that a variant or an impostor replaces.

Independent of :mod:`reference`, which it serves to test. float64 is computed in float64, everything else in
float32 and rounded once. Inside, an input is (n, batch, space): features first, the first of the other axes,
and whatever remains; statistics, gamma and beta are (n, 1, 1), so that they broadcast along it. Sums run over
contiguous rows, which NumPy adds up in pairs.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from conformance.implementation import DTYPES, Array, Capabilities, Gradients, LayerConfig
from conformance.protocol.codec import numpy_dtype


class Call(NamedTuple):
    """What a forward call leaves for backward: x, and the mean, variance and gamma it was normalised with."""

    x: Array
    mean: Array
    var: Array
    gamma: Array
    training: bool


class BatchNorm:
    """At once an implementation and its layer: ``build`` makes a fresh one of the same class.

    :ivar what: one sentence: what it does, or what is wrong with it.
    :ivar link: an issue upstream where it happened, or "".
    :ivar deviation: the named deviation that explains an impostor, or "".
    :ivar kind: the group it belongs to.
    :ivar sound: whether it is batch norm.
    :ivar declared: ids of the requirements that a sound variant fails by its nature.
    :ivar fails: id of the requirement that an impostor is there to fail, if it is there for one, or "".
    :ivar circumstances: names of the circumstances that have to come together for it to be wrong, or ().
    """

    what = ""
    link = ""
    deviation = ""
    kind = ""
    sound = True
    declared: tuple[str, ...] = ()
    fails = ""
    circumstances: tuple[str, ...] = ()

    name: str = "BatchNorm"
    version: str = f"gallery, numpy {np.__version__}"
    capabilities = Capabilities(dtypes=DTYPES, gradients=True)

    def __init_subclass__(cls) -> None:
        cls.name = cls.__name__

    # -- life

    def build(self, config: LayerConfig) -> Self:
        layer = type(self)()
        layer.start(config)
        return layer

    def start(self, config: LayerConfig) -> None:
        self.config = config
        self.axis = config.axis
        self.n = config.input_shape[config.axis]
        self.narrow, self.holding = numpy_dtype(config.dtype), numpy_dtype(config.held_in)
        self.wide = self.working(config.dtype)
        self.epsilon: Any = self.wide.type(config.epsilon)
        self.momentum = config.momentum
        self.held = self.create()
        self.shape: tuple[int, ...] = config.input_shape
        self.training = False
        self.call: Call | None = None

    def working(self, dtype: str) -> np.dtype[Any]:
        """The dtype it computes in."""
        return np.dtype(np.float64 if dtype == "float64" else np.float32)

    # -- parameters

    def create(self) -> dict[str, Array]:
        """Initial parameters, n-vectors."""
        held: dict[str, Array] = {}
        if self.config.scale:
            held["gamma"] = np.ones(self.n, self.holding)
        if self.config.center:
            held["beta"] = np.zeros(self.n, self.holding)
        held["running_mean"] = np.zeros(self.n, self.wide)
        held["running_var"] = np.ones(self.n, self.wide)
        return held

    def native(self, name: str, value: Array) -> Array:
        """A parameter or its gradient, an n-vector, in the shape in which it is shown."""
        return value

    def parameters(self) -> dict[str, Array]:
        return {name: self.native(name, value.copy()) for name, value in self.held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        taken = {name: self.accept(name, value) for name, value in parameters.items()}
        self.held.update(taken)

    def accept(self, name: str, value: Array) -> Array:
        """A value for a parameter, as it is held.

        :raises ValueError: it does not fit.
        """
        if name not in self.held:
            raise ValueError(f"the layer has no {name}; it has {', '.join(self.held)}")
        held = self.held[name]
        if value.shape not in (held.shape, self.native(name, held).shape):
            raise ValueError(f"{name} must have shape {held.shape}; it has shape {value.shape}")
        with np.errstate(all="ignore"):
            return np.array(value, dtype=held.dtype).reshape(held.shape)

    def along(self, name: str, default: float) -> Array:
        """A parameter as (n, 1, 1), or ``default`` where there is none."""
        value = self.held.get(name)
        if value is None:
            return np.full((self.n, 1, 1), default, self.wide)
        return value.astype(self.wide).reshape(-1, 1, 1)

    @property
    def gamma(self) -> Array:
        return self.along("gamma", 1.0)

    @property
    def beta(self) -> Array:
        return self.along("beta", 0.0)

    # -- shapes

    def fold(self, x: Array) -> Array:
        """X as a new (n, batch, space) in the working dtype.

        :raises ValueError: it is not for this layer.
        """
        if x.ndim < 2 or not -x.ndim <= self.axis < x.ndim:
            raise ValueError(f"x of shape {x.shape} has no axis {self.axis} besides a batch")
        if x.shape[self.axis] != self.n:
            raise ValueError(
                f"x of shape {x.shape} has {x.shape[self.axis]} features along axis {self.axis}; the layer "
                f"was built for {self.n}"
            )
        first = np.moveaxis(x, self.axis, 0)
        rows = np.array(first, dtype=self.wide, order="C")
        return rows.reshape(self.n, first.shape[1], math.prod(first.shape[2:]))

    def unfold(self, y: Array) -> Array:
        """The inverse of :meth:`fold`, rounded to the dtype of the layer."""
        others = list(self.shape)
        del others[self.axis]
        moved = np.moveaxis(y.reshape(self.n, *others), 0, self.axis)
        return self.narrowed(np.ascontiguousarray(moved))

    def narrowed(self, value: Array) -> Array:
        return value.astype(self.narrow)

    # -- forward

    def forward(self, x: Array, *, training: bool) -> Array:
        with np.errstate(all="ignore"):
            folded = self.fold(x)
            self.shape, self.training = x.shape, training
            mean, var = self.choose(folded)
            y = self.transform(folded, mean, var)
            self.call = Call(folded, mean, var, self.gamma, training)
            return self.unfold(y)

    def choose(self, x: Array) -> tuple[Array, Array]:
        """The mean and the variance to normalise x by. In training the running ones take them in."""
        if not self.training or x.size == 0:
            return self.given()
        mean, var = self.statistics(x)
        self.update(mean, var, x[0].size)
        return mean, var

    def given(self) -> tuple[Array, Array]:
        """The running statistics."""
        return self.along("running_mean", 0.0), self.along("running_var", 1.0)

    def total(self, a: Array) -> Array:
        """The sum over each feature."""
        return a.reshape(self.n, -1).sum(axis=1).reshape(-1, 1, 1)

    def average(self, a: Array) -> Array:
        """The mean over each feature."""
        return self.total(a) / a[0].size

    def statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and biased variance of a batch."""
        mean = self.average(x)
        return mean, self.average(np.square(x - mean))

    def transform(self, x: Array, mean: Array, var: Array) -> Array:
        return self.affine(self.normalise(x, mean, var))

    def normalise(self, x: Array, mean: Array, var: Array) -> Array:
        return (x - mean) * self.inverse(var)

    def inverse(self, var: Array) -> Array:
        """1 / s."""
        return 1 / np.sqrt(var + self.epsilon)

    def affine(self, xhat: Array) -> Array:
        return xhat * self.gamma + self.beta

    # -- running statistics

    def update(self, mean: Array, var: Array, count: int) -> None:
        """Take the statistics of a batch of ``count`` values per feature into the running ones."""
        self.step("running_mean", mean)
        self.step("running_var", self.kept_variance(var, count))

    def kept_variance(self, var: Array, count: int) -> Array:
        """The variance that is averaged."""
        return var

    def step(self, name: str, new: Array) -> None:
        # Statistics kept for parts of a feature, or for several features together, are averaged.
        vector = np.broadcast_to(new.mean(axis=(1, 2)), (self.n,))
        self.held[name] = self.moved(self.held[name], vector).astype(self.held[name].dtype)

    def moved(self, old: Array, new: Array) -> Array:
        """One step of the moving average."""
        return old * self.wide.type(self.momentum) + new * self.wide.type(1 - self.momentum)

    # -- backward

    def backward(self, dy: Array) -> Gradients:
        if self.call is None:
            raise RuntimeError("backward needs a forward call first")
        if dy.shape != self.shape:
            raise ValueError(f"dy must have the shape of x, {self.shape}; it has {dy.shape}")
        with np.errstate(all="ignore"):
            dx, dgamma, dbeta = self.gradients(self.call, self.fold(dy))
            vectors = {"gamma": dgamma, "beta": dbeta}
            own = {name: self.shown(name, v) for name, v in vectors.items() if name in self.held}
            return Gradients(self.unfold(dx), **own)

    def shown(self, name: str, gradient: Array) -> Array:
        """The gradient of a parameter, in its dtype and its native shape."""
        return self.native(name, gradient.reshape(self.n).astype(self.held[name].dtype))

    def gradients(self, call: Call, dy: Array) -> tuple[Array, Array, Array]:
        """Gradients of x, (n, batch, space), and of gamma and beta, (n, 1, 1)."""
        inverse = self.inverse(call.var)
        xhat = (call.x - call.mean) * inverse
        dgamma, dbeta = self.total(dy * xhat), self.total(dy)
        dx = self.input_gradient(call, dy, xhat, inverse, dgamma, dbeta)
        return dx, dgamma, dbeta

    def input_gradient(
        self, call: Call, dy: Array, xhat: Array, inverse: Array, dgamma: Array, dbeta: Array
    ) -> Array:
        if not call.training:
            return call.gamma * inverse * dy
        count = dy[0].size
        return call.gamma * inverse * (dy - dbeta / count - xhat * (dgamma / count))
