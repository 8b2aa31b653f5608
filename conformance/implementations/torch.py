"""PyTorch: the layers ``torch.nn.BatchNorm1d``, ``2d`` and ``3d``, and the function underneath them.

Both take the feature axis second and have no argument for it, so it is moved there and back: views, not
copies.
"""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.nn import functional

_MODULES = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}  # by rank of the input
_NATIVE = {"gamma": "weight", "beta": "bias"}
_CANONICAL = {native: canonical for canonical, native in _NATIVE.items()}
_DTYPES = ("float32", "float64", "float16", "bfloat16")
_NAMES = (("gamma", "weight"), ("beta", "bias"))
#: By torch.func, which a module that updates its statistics cannot go through.
_COMPOSED = (
    *("forward", "reverse over reverse", "forward over reverse", "reverse over forward"),
    *("forward over forward", "reverse over reverse over reverse", "forward over forward over reverse"),
    "forward over forward over forward",
)
_DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def _tensor(x: Array, device: str) -> Any:
    """x as a tensor on a device; on the CPU on the same memory, wherever PyTorch can share it."""
    if not x.flags.writeable or min(x.strides, default=0) < 0:
        x = (
            x.copy()
        )  # torch.from_numpy refuses negative strides and warns that it must not be given read-only
    if x.dtype.name == "bfloat16":  # unknown to torch.from_numpy, so its bits cross as integers
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(x).to(device)


def as_array(tensor: Any) -> Array:
    """The tensor as an array of the same dtype and shape, on the same memory if it is the CPU's."""
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:  # unknown to Tensor.numpy
        import ml_dtypes

        bits: Array = tensor.view(torch.int16).numpy()
        return bits.view(ml_dtypes.bfloat16)
    array: Array = tensor.numpy()
    return array


def module_class(config: LayerConfig) -> str:
    """The name of the layer's class in ``torch.nn``."""
    return _MODULES[len(config.input_shape)]


class _Layer:
    """Moves the feature axis, and keeps the autograd graphs of the last two calls."""

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        self._made: deque[tuple[dict[str, Any], Any]] = deque(maxlen=2)  # inputs and y

    def _affine(self) -> dict[str, Any]:
        """The gamma and beta in use, tensors that require gradients."""
        raise NotImplementedError

    def _apply(self, x: Any, training: bool) -> Any:
        raise NotImplementedError

    def forward(self, x: Array, *, training: bool) -> Array:
        axis, tensor = self._config.axis, _tensor(x, self._config.device).requires_grad_()
        self._inputs = {"x": tensor, **self._affine()}
        y = torch.movedim(self._apply(torch.movedim(tensor, axis, 1), training), 1, axis)
        self._made.append((self._inputs, y))
        return as_array(y)

    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        inputs, y = self._made[-1 - back]
        upstream = _tensor(dy, self._config.device)
        gradients = torch.autograd.grad(y, tuple(inputs.values()), upstream, retain_graph=True)
        return Gradients(**dict(zip(inputs, map(as_array, gradients), strict=True)))

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        """Reverse mode alone, by ``torch.autograd.grad`` with ``create_graph=True``."""
        axis, device = self._config.axis, self._config.device
        tensor = _tensor(x, device).requires_grad_()
        self._inputs = {"x": tensor, **self._affine()}
        found = torch.movedim(self._apply(torch.movedim(tensor, axis, 1), training), 1, axis)
        for direction in along:
            if not found.requires_grad:  # A constant, and so is what it is the gradient of.
                return np.zeros_like(x)
            wanted = torch.autograd.grad(
                found, tensor, _tensor(direction, device), create_graph=True, materialize_grads=True
            )
            found = wanted[0]
        return as_array(found)


class _ModuleLayer(_Layer):
    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config)
        self._module: Any = self._new(config)
        if not config.learns:
            self._module.requires_grad_(False)

    def _new(self, config: LayerConfig) -> Any:
        features = config.input_shape[config.axis]
        return getattr(torch.nn, module_class(config))(features, **self._arguments(config))

    def _arguments(self, config: LayerConfig) -> dict[str, Any]:
        momentum = None if config.cumulative else config.momentum
        return {
            **({} if config.defaults else {"eps": config.epsilon, "momentum": momentum}),
            "affine": config.scale,
            **({} if config.tracks else {"track_running_stats": False}),
            "device": config.device,
            "dtype": getattr(torch, config.held_in),
        }

    def parameters(self) -> dict[str, Array]:
        state = self._module.state_dict()
        return {_CANONICAL.get(name, name): as_array(value).copy() for name, value in state.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        given = {
            _NATIVE.get(name, name): _tensor(value, self._config.device) for name, value in parameters.items()
        }
        self._module.load_state_dict({**self._module.state_dict(), **given})

    def save(self, format: str) -> bytes:
        file = io.BytesIO()
        torch.save(self._module.state_dict() if format == "state_dict" else self._module, file)
        return file.getvalue()

    def restore(self, format: str, saved: bytes) -> None:
        """Go on from what was saved."""
        device = self._config.device
        found = torch.load(io.BytesIO(saved), map_location=device, weights_only=format == "state_dict")
        if format == "state_dict":
            self._module.load_state_dict(found)
        else:
            self._module = found

    def _affine(self) -> dict[str, Any]:
        named = self._module.named_parameters()
        return {_CANONICAL[name]: value for name, value in named if value.requires_grad}

    def _apply(self, x: Any, training: bool) -> Any:
        return self._module.train(training)(x)


class TorchBatchNorm:
    """``torch.nn.BatchNorm1d`` (ranks 2 and 3), ``2d`` (4) or ``3d`` (5).

    Of its arguments num_features, eps, momentum, affine, track_running_stats, device and dtype:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html. Parameters are loaded by
    ``load_state_dict``, the others kept; gradients are ``torch.autograd``'s. What ``torch.save`` saves is the
    dictionary of its state, or the module: https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html.
    """

    name = "PyTorch nn.BatchNorm"
    version = str(torch.__version__)
    capabilities = Capabilities(
        dtypes=_DTYPES,
        names=_NAMES,
        devices=_DEVICES,
        axes=(1,),
        moves_axis=True,
        gradients=True,
        affine="joint",
        derivatives=("reverse over reverse", "reverse over reverse over reverse"),
        outstanding=True,
        frozen=("parameters", "untracked"),
        saves=("state_dict", "module"),
        defaults=True,
        cumulative=True,
        mixed=True,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport torch",
        build="""\
$layer = torch.nn.BatchNorm${spatial}d(
    $n, eps=$epsilon, momentum=$momentum, affine=$scale, dtype=torch.$parameter_dtype
)""",
        apply="y = $layer.train($training)(torch.as_tensor($x, dtype=torch.$dtype))",
        differentiate="""\
t = torch.as_tensor($x, dtype=torch.$dtype).requires_grad_()
y = $layer.train($training)(t)
upstream = torch.as_tensor($dy, dtype=torch.$dtype)
dx, dgamma, dbeta = torch.autograd.grad(y, [t, $layer.weight, $layer.bias], upstream)""",
        get=(
            ("gamma", "$layer.weight.detach().numpy()"),
            ("beta", "$layer.bias.detach().numpy()"),
            ("running_mean", "$layer.running_mean.numpy()"),
            ("running_var", "$layer.running_var.numpy()"),
            ("epsilon", "$layer.eps"),
            ("momentum", "$layer.momentum"),
        ),
        set=tuple(
            (name, f'$layer.load_state_dict({{"{native}": torch.as_tensor($value)}}, strict=False)')
            for name, native in (
                ("gamma", "weight"),
                ("beta", "bias"),
                ("running_mean", "running_mean"),
                ("running_var", "running_var"),
            )
        ),
    )

    def build(self, config: LayerConfig) -> _ModuleLayer:
        return _ModuleLayer(self._checked(config))

    def _checked(self, config: LayerConfig) -> LayerConfig:
        if config.scale != config.center:
            raise ValueError("torch.nn.BatchNorm has one argument, affine, for scale and center together")
        return config


class _FunctionLayer(_Layer):
    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config)
        self._given: dict[str, Any] = {}

    def parameters(self) -> dict[str, Array]:
        return {name: as_array(value).copy() for name, value in self._given.items()}

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            tensor = _tensor(value.copy(), self._config.device)
            self._given[name] = tensor.requires_grad_(name in _NATIVE)

    def derivative(
        self, x: Array, *, training: bool, modes: tuple[str, ...], along: tuple[Array, ...]
    ) -> Array:
        """By ``torch.func.jvp`` and ``torch.func.vjp``."""
        axis, device = self._config.axis, self._config.device
        self._inputs = self._affine()

        def y(x: Any) -> Any:
            return torch.movedim(self._apply(torch.movedim(x, axis, 1), training), 1, axis)

        def forward(f: Any, v: Any) -> Any:
            return lambda x: torch.func.jvp(f, (x,), (v,))[1]

        def reverse(f: Any, v: Any) -> Any:
            return lambda x: torch.func.vjp(f, x)[1](v)[0]

        composed = y
        for mode, direction in zip(modes, along, strict=True):
            composed = (forward if mode == "forward" else reverse)(composed, _tensor(direction, device))
        # numpy(), since a zero that PyTorch knows of has no memory.
        array: Array = composed(_tensor(x, device)).numpy(force=True)
        return array

    def _affine(self) -> dict[str, Any]:
        wanted = {"gamma": self._config.scale, "beta": self._config.center}
        return {name: self._given[name] for name in wanted if wanted[name] and name in self._given}

    def _apply(self, x: Any, training: bool) -> Any:
        return functional.batch_norm(
            x,
            # Training does not read the running statistics, only updates them in place.
            None if training else self._given.get("running_mean"),
            None if training else self._given.get("running_var"),
            weight=self._inputs.get("gamma"),
            bias=self._inputs.get("beta"),
            training=training,
            momentum=self._config.momentum,
            eps=self._config.epsilon,
        )


class TorchFunctional:
    """``torch.nn.functional.batch_norm``: running_mean, running_var, weight, bias, training, momentum, eps.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html. What is loaded is
    passed on as it is; running statistics in inference only.
    """

    name = "PyTorch functional.batch_norm"
    version = str(torch.__version__)
    capabilities = Capabilities(
        dtypes=_DTYPES,
        names=_NAMES,
        devices=_DEVICES,
        axes=(1,),
        moves_axis=True,
        gradients=True,
        derivatives=_COMPOSED,
        outstanding=True,
        parameters=False,
        running=False,
        mixed=True,
    )
    idiom = Idiom(
        setup="import numpy as np\nimport torch\nimport torch.nn.functional as F\n\n"
        "gamma = beta = running_mean = running_var = None",
        build="",
        apply="""\
y = F.batch_norm(
    torch.as_tensor($x, dtype=torch.$dtype),
    *((None, None) if $training else (running_mean, running_var)),
    gamma,
    beta,
    training=$training,
    eps=$epsilon,
)""",
        differentiate="""\
t = torch.as_tensor($x, dtype=torch.$dtype).requires_grad_()
affine = [torch.as_tensor(each, dtype=torch.$parameter_dtype).requires_grad_() for each in (gamma, beta)]
statistics = (None, None) if $training else (running_mean, running_var)
y = F.batch_norm(t, *statistics, *affine, training=$training, eps=$epsilon)
dx, dgamma, dbeta = torch.autograd.grad(y, [t, *affine], torch.as_tensor($dy, dtype=torch.$dtype))""",
        set=tuple(
            (name, f"{name} = torch.as_tensor($value, dtype=torch.$parameter_dtype)")
            for name in ("gamma", "beta", "running_mean", "running_var")
        ),
    )

    def build(self, config: LayerConfig) -> _FunctionLayer:
        return _FunctionLayer(config)
