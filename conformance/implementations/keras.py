"""Keras 3: ``keras.layers.BatchNormalization`` on each of its backends.

Keras takes its backend from the environment when it is first imported, so that happens in ``__init__``; a
process can make only one of these classes.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

_CANONICAL = {"moving_mean": "running_mean", "moving_variance": "running_var"}
_HELD = (
    ("gamma", "gamma"),
    ("beta", "beta"),
    ("running_mean", "moving_mean"),
    ("running_var", "moving_variance"),
)
_CAPABILITIES = Capabilities(
    dtypes=("float32", "float64", "float16", "bfloat16"),
    names=(("running_mean", "moving_mean"), ("running_var", "moving_variance")),
    defaults=True,
    gradients=True,
    mask=True,
    mixed=True,
    frozen=("all",),
    saves=("keras", "weights.h5"),
)


def _idiom(backend: str, differentiate: str = "", setup: str = "") -> Idiom:
    return Idiom(
        setup=f'import os\n\nos.environ["KERAS_BACKEND"] = "{backend}"\n{setup}\nimport keras\nimport numpy as np',
        build="""\
$layer = keras.layers.BatchNormalization(
    axis=$axis, momentum=$momentum, epsilon=$epsilon, center=$center, scale=$scale, dtype="$dtype"
)
$layer.build($shape)""",
        apply='y = $layer(keras.ops.convert_to_tensor($x, "$dtype"), training=$training)',
        differentiate=differentiate,
        get=(
            *((name, f"keras.ops.convert_to_numpy($layer.{native})") for name, native in _HELD),
            ("epsilon", "$layer.epsilon"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple((name, f"$layer.{native}.assign($value)") for name, native in _HELD),
    )


def canonical(variable: Any) -> str:
    """The canonical name of a variable of Keras."""
    name = str(variable.name)
    return _CANONICAL.get(name, name)


def built(keras: Any, config: LayerConfig, **more: Any) -> Any:
    """The layer of Keras; with more of its arguments than all have."""
    layer = keras.layers.BatchNormalization(
        axis=config.axis,
        **({} if config.defaults else {"momentum": config.momentum, "epsilon": config.epsilon}),
        center=config.center,
        scale=config.scale,
        dtype=config.dtype if config.parameter_dtype is None else f"mixed_{config.dtype}",
        **more,
    )
    layer.build(config.input_shape)
    layer.trainable = config.frozen != "all"
    return layer


class _Layer:
    """The layer on a backend without gradients."""

    #: Of the last two calls, what their gradients are computed from.
    _made: tuple[Any, ...] = ()

    def __init__(self, keras: Any, config: LayerConfig, **more: Any) -> None:
        self._keras, self._ops, self._config = keras, keras.ops, config
        self._layer = built(keras, config, **more)
        self._variables = {canonical(each): each for each in self._layer.variables}

    def parameters(self) -> dict[str, Array]:
        return {name: self._array(each.value) for name, each in self._variables.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self._variables:
                raise ValueError(f"the layer has no {name}; it has {', '.join(self._variables)}")
            self._variables[name].assign(value.copy())  # JAX may keep the very memory it is given

    def save(self, format: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"model.{format}")
            model = self._model()
            (model.save if format == "keras" else model.save_weights)(path)
            return path.read_bytes()

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"model.{format}")
            path.write_bytes(saved)
            if format == "keras":
                self._layer = self._keras.models.load_model(path).layers[-1]
                self._variables = {canonical(each): each for each in self._layer.variables}
            else:
                self._model().load_weights(path)

    def _model(self) -> Any:
        """A model of the layer alone, since Keras saves models."""
        x = self._keras.Input(batch_shape=self._config.input_shape, dtype=self._config.dtype)
        return self._keras.Model(x, self._layer(x))

    def forward(self, x: Array, *, training: bool, mask: Array | None = None) -> Array:
        affine = {each.name: each.value for each in self._layer.trainable_variables}
        self._inputs = {"x": self._tensor(x), **affine}
        self._keywords = {"training": training} | ({} if mask is None else {"mask": self._tensor(mask)})
        y, made = self._call()
        self._made = (*self._made[-1:], made)
        return self._array(y)

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        gradients = self._gradients(self._made[-1 - back], self._tensor(dy))
        return Gradients(**{name: self._array(each) for name, each in gradients.items()})

    def _tensor(self, x: Array) -> Any:
        # With the dtype named, since otherwise float64 becomes float32 on NumPy.
        return self._ops.convert_to_tensor(x, dtype=x.dtype.name)

    def _array(self, value: Any) -> Array:
        """A tensor or variable as an array of its own."""
        array: Array = self._ops.convert_to_numpy(value)
        return array

    def _call(self) -> tuple[Any, Any]:
        """Y, and what its gradients are computed from."""
        return self._layer(self._inputs["x"], **self._keywords), None

    def _gradients(self, made: Any, dy: Any) -> dict[str, Any]:
        """Gradients of a call with respect to each of its inputs."""
        raise NotImplementedError("this backend of Keras computes no gradients")


class _TensorFlowLayer(_Layer):
    """Every call is recorded on a tape, which costs next to nothing."""

    def _array(self, value: Any) -> Array:
        return np.array(value.numpy())  # what convert_to_numpy does, but without NumPy's DeprecationWarning

    def _call(self) -> tuple[Any, Any]:
        import tensorflow as tf

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(self._inputs["x"])
            y, _ = super()._call()
        return y, (tape, self._inputs, y)

    def _gradients(self, made: Any, dy: Any) -> dict[str, Any]:
        tape, inputs, y = made
        gradients: dict[str, Any] = tape.gradient(y, inputs, output_gradients=dy)
        return gradients

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        from conformance.implementations._tape import composed

        return composed(lambda x: self._layer(x, training=training), x, modes, along)


class _TorchLayer(_Layer):
    """Every call builds its autograd graph, which costs little."""

    def _array(self, value: Any) -> Array:
        from conformance.implementations.torch import as_array

        return as_array(value.cpu()).copy()  # as convert_to_numpy, but without NumPy's DeprecationWarning

    def _call(self) -> tuple[Any, Any]:
        self._inputs["x"].requires_grad_()
        y, _ = super()._call()
        return y, (self._inputs, y)

    def _gradients(self, made: Any, dy: Any) -> dict[str, Any]:
        import torch

        inputs, y = made
        gradients = torch.autograd.grad(y, tuple(inputs.values()), dy, retain_graph=True)
        return dict(zip(inputs, gradients, strict=True))


class _JaxLayer(_Layer):
    """Recording a call takes JAX ten times as long as making it, so it is repeated, from the state it met."""

    def _call(self) -> tuple[Any, Any]:
        state = [each.value for each in self._layer.non_trainable_variables]
        y, _ = super()._call()
        return y, (state, self._inputs, self._keywords)

    def _gradients(self, made: Any, dy: Any) -> dict[str, Any]:
        import jax

        state, inputs, keywords = made

        def call(inputs: dict[str, Any]) -> Any:
            affine = [inputs[each.name] for each in self._layer.trainable_variables]
            y, _ = self._layer.stateless_call(affine, state, inputs["x"], **keywords)
            return y

        gradients: dict[str, Any]
        (gradients,) = jax.vjp(call, inputs)[1](dy)
        return gradients


class _Keras:
    """``keras.layers.BatchNormalization``: axis, momentum, epsilon, center, scale, dtype; called with training, mask.

    https://keras.io/api/layers/normalization_layers/batch_normalization/. Beside parameters in float32, dtype is the
    policy mixed_float16 or mixed_bfloat16. Parameters are loaded by ``Variable.assign``. A model of the layer alone
    is saved by ``Model.save`` and ``Model.save_weights``: https://keras.io/api/models/model_saving_apis/.
    """

    name: str
    capabilities = _CAPABILITIES
    idiom: Idiom
    _backend: str
    _layer: type[_Layer]

    def __init__(self) -> None:
        os.environ["KERAS_BACKEND"] = self._backend
        import keras

        if keras.config.backend() != self._backend:
            raise RuntimeError(f"Keras was imported before, with the backend {keras.config.backend()}")
        self._keras: Any = keras
        backend: Any = importlib.import_module(self._backend)
        self.version = f"{keras.__version__}, {self._backend} {backend.__version__}"

    def build(self, config: LayerConfig) -> _Layer:
        return self._layer(self._keras, config)


class KerasTensorFlow(_Keras):
    """Gradients are ``tf.GradientTape``'s."""

    name, _backend, _layer = "Keras (TensorFlow)", "tensorflow", _TensorFlowLayer
    capabilities = replace(
        _CAPABILITIES,
        derivatives=("forward", "reverse over reverse", "forward over reverse"),
        outstanding=True,
    )
    idiom = _idiom(
        "tensorflow",
        """\
t = tf.constant($x, "$dtype")
with tf.GradientTape() as tape:
    tape.watch(t)
    y = $layer(t, training=$training)
dx, dgamma, dbeta = tape.gradient(y, [t, $layer.gamma, $layer.beta], tf.constant($dy, "$dtype"))""",
        "import tensorflow as tf",
    )

    def __init__(self) -> None:
        importlib.import_module("conformance.implementations._tape")  # for its settings
        super().__init__()


class KerasTorch(_Keras):
    """Gradients are ``torch.autograd``'s."""

    name, _backend, _layer = "Keras (PyTorch)", "torch", _TorchLayer
    capabilities = replace(_CAPABILITIES, outstanding=True)
    idiom = _idiom(
        "torch",
        """\
t = keras.ops.convert_to_tensor($x, "$dtype").requires_grad_()
y = $layer(t, training=$training)
upstream = keras.ops.convert_to_tensor($dy, "$dtype")
dx, dgamma, dbeta = torch.autograd.grad(y, [t, $layer.gamma.value, $layer.beta.value], upstream)""",
        "import torch",
    )

    def __init__(self) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.setdefault("KERAS_TORCH_DEVICE", "cpu")
        super().__init__()


class KerasJax(_Keras):
    """Gradients are ``jax.vjp``'s of ``layer.stateless_call``."""

    name, _backend, _layer = "Keras (JAX)", "jax", _JaxLayer
    idiom = _idiom(
        "jax",
        """\
state = [each.value for each in $layer.non_trainable_variables]
y, back = jax.vjp(
    lambda affine, t: $layer.stateless_call(affine, state, t, training=$training)[0],
    [$layer.gamma.value, $layer.beta.value],
    keras.ops.convert_to_tensor($x, "$dtype"),
)
(dgamma, dbeta), dx = back(keras.ops.convert_to_tensor($dy, "$dtype"))""",
        'os.environ["JAX_ENABLE_X64"] = "1"\nimport jax',
    )
    capabilities = replace(_CAPABILITIES, compiles=True)

    def __init__(self) -> None:
        importlib.import_module("conformance.implementations._jax")  # for its settings
        super().__init__()


class KerasNumpy(_Keras):
    """Keras computes no gradients on NumPy."""

    name, _backend, _layer = "Keras (NumPy)", "numpy", _Layer
    idiom = _idiom("numpy")
    capabilities = replace(_CAPABILITIES, gradients=False)


class KerasOpenVino(_Keras):
    """Keras computes no gradients on OpenVINO. Not registered, since every operation of every call is compiled anew,
    for a tenth of a second: ``bnconf run conformance.implementations.keras:KerasOpenVino``.
    """

    name, _backend, _layer = "Keras (OpenVINO)", "openvino", _Layer
    idiom = _idiom("openvino")
    capabilities = replace(_CAPABILITIES, gradients=False)

    def __init__(self) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        super().__init__()
