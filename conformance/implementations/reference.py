"""The suite's own reference as an implementation: an example, and a check of the suite."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from conformance.implementation import DTYPES, Array, Capabilities, Gradients, LayerConfig
from conformance.protocol.codec import numpy_dtype
from conformance.version import __version__
from reference import batch_norm_grad, batch_norm_inference, batch_norm_training, update_running_statistics


class _Layer:
    """Computes float64 in float64, all else in float32, and rounds results to the case's dtype once."""

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        self._features = config.input_shape[config.axis]
        self._narrow = numpy_dtype(config.dtype)
        self._wide = np.dtype(np.float64 if config.dtype == "float64" else np.float32)
        self._held: dict[str, Array] = {}
        if config.scale:
            self._held["gamma"] = np.ones(self._features, self._narrow)
        if config.center:
            self._held["beta"] = np.zeros(self._features, self._narrow)
        self._held["running_mean"] = np.zeros(self._features, self._wide)
        self._held["running_var"] = np.ones(self._features, self._wide)

    def parameters(self) -> dict[str, Array]:
        return {name: value.copy() for name, value in self._held.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self._held:
                raise ValueError(f"the layer has no {name}; it has {', '.join(self._held)}")
            if value.shape != (self._features,):
                raise ValueError(
                    f"{name} must be an n-vector of shape ({self._features},), one value for each feature; "
                    f"it has shape {value.shape}"
                )
            self._held[name] = _round(value, self._held[name].dtype).copy()

    def forward(self, x: Array, *, training: bool) -> Array:
        config, x = self._config, x.astype(self._wide, copy=False)
        gamma = self._affine("gamma", 1.0)
        beta = self._affine("beta", 0.0)
        mean, var = self._held["running_mean"], self._held["running_var"]
        if training:
            y, *batch = batch_norm_training(x, gamma, beta, epsilon=config.epsilon, axis=config.axis)
            self._held["running_mean"], self._held["running_var"] = update_running_statistics(
                (mean, var),
                (batch[0], batch[1]),
                count=x.size // self._features,
                momentum=config.momentum,
                momentum_weighs="old",
                variance="biased",
            )
            mean, var = batch
        else:
            y = batch_norm_inference(x, gamma, beta, mean, var, epsilon=config.epsilon, axis=config.axis)
        self._call = (x, gamma, mean, var), training
        return _round(y, self._narrow)

    def backward(self, dy: Array) -> Gradients:
        (x, gamma, mean, var), training = self._call
        gradients = batch_norm_grad(
            x,
            gamma,
            mean,
            var,
            dy.astype(self._wide, copy=False),
            epsilon=self._config.epsilon,
            axis=self._config.axis,
            training=training,
        )._asdict()
        wanted = ("x", *(name for name in ("gamma", "beta") if name in self._held))
        return Gradients(**{name: _round(gradients[name], self._narrow) for name in wanted})

    def save(self, format: str) -> bytes:
        return b"".join(value.tobytes() for value in self._held.values())

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        for name, value in self._held.items():
            self._held[name] = np.frombuffer(saved[: value.nbytes], value.dtype).copy()
            saved = saved[value.nbytes :]

    def _affine(self, name: str, default: float) -> Array:
        value = self._held.get(name)
        if value is None:
            return np.full(self._features, default, self._wide)
        return value.astype(self._wide, copy=False)


def _round(value: Array, dtype: np.dtype[np.generic]) -> Array:
    with np.errstate(all="ignore"):
        return value.astype(dtype, copy=False)


class Reference:
    """:mod:`reference`, with momentum the weight kept and the biased variance averaged, as in Keras."""

    name = "Reference (NumPy)"
    version = f"{__version__}, numpy {np.__version__}"
    capabilities = Capabilities(
        # Where there is no package for it, as may be in another interpreter, NumPy has no bfloat16.
        dtypes=tuple(name for name in DTYPES if name != "bfloat16" or find_spec("ml_dtypes") is not None),
        gradients=True,
        saves=("bytes",),
    )

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config)
