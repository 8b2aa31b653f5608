"""PyTorch: the layers of :mod:`conformance.implementations.torch` in the other forms that PyTorch runs them in: with
inputs in the memory format channels_last, compiled by ``torch.compile``, and as TorchScript.
"""

from __future__ import annotations

import importlib
import io
import os
from dataclasses import replace
from typing import Any

from conformance.implementation import Idiom, LayerConfig
from conformance.implementations._kept import folder
from conformance.implementations.torch import TorchBatchNorm, _ModuleLayer

os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder("inductor"))

# isort: split
# After what sets the environment.
import torch

_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def changed(**pieces_: tuple[tuple[str, str], ...]) -> Idiom:
    """The layer's idiom with pieces replaced, each by (old, new)."""
    pieces = {}
    for name, replacements in pieces_.items():
        pieces[name] = getattr(TorchBatchNorm.idiom, name)
        for old, new in replacements:
            if old not in pieces[name]:
                raise AssertionError(f"the idiom's {name} has no {old!r}")
            pieces[name] = pieces[name].replace(old, new)
    return replace(TorchBatchNorm.idiom, **pieces)


class _ChannelsLastLayer(_ModuleLayer):
    def _apply(self, x: Any, training: bool) -> Any:
        return super()._apply(x.contiguous(memory_format=_FORMATS[x.ndim]), training)


class TorchChannelsLast(TorchBatchNorm):
    """Inputs go through ``Tensor.contiguous(memory_format=torch.channels_last)``, or channels_last_3d:
    https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html.
    """

    name = "PyTorch nn.BatchNorm, channels_last"
    capabilities = replace(TorchBatchNorm.capabilities, ranks=(4, 5))
    idiom = changed(
        apply=(
            (
                "dtype=torch.$dtype))",
                "dtype=torch.$dtype).contiguous(\n    memory_format={4: torch.channels_last, "
                "5: torch.channels_last_3d}[len($shape)]\n))",
            ),
        ),
        differentiate=(
            (
                "$layer.train($training)(t)",
                "$layer.train($training)(t.contiguous(\n    memory_format={4: torch.channels_last, "
                "5: torch.channels_last_3d}[len($shape)]\n))",
            ),
        ),
    )

    def build(self, config: LayerConfig) -> _ChannelsLastLayer:
        return _ChannelsLastLayer(self._checked(config))


class _CompiledLayer(_ModuleLayer):
    """One program for all layers: the module is an argument, so that what was compiled for one serves the others
    that are built alike.
    """

    def _apply(self, x: Any, training: bool) -> Any:
        return _compiled(self._module.train(training), x)


def _call(module: Any, x: Any) -> Any:
    return module(x)


_compiled = torch.compile(_call, fullgraph=True, dynamic=True)


class TorchCompiled(TorchBatchNorm):
    """``torch.compile`` (fullgraph, dynamic): https://docs.pytorch.org/docs/stable/generated/torch.compile.html.

    Needs a C++ compiler. Epsilon and momentum are constants of a program, so that there is one for each of them, each
    rank, dtype and order of strides, and it takes three seconds to compile: at 40 examples a thousand of them.

    A cumulative average has no single graph: its weight is the value of a tensor.
    """

    name = "PyTorch nn.BatchNorm, compiled"
    capabilities = replace(TorchBatchNorm.capabilities, compiles=True, cumulative=False, eager=True, saves=())
    idiom = changed(
        apply=(("$layer.train($training)(", "torch.compile($layer.train($training), dynamic=True)("),),
        differentiate=(
            ("$layer.train($training)(", "torch.compile($layer.train($training), dynamic=True)("),
        ),
    )

    def __init__(self) -> None:
        # By default it gives up after 8 kinds of input, and would be judged by what is not compiled.
        dynamo: Any = importlib.import_module("torch._dynamo.config")
        dynamo.recompile_limit = dynamo.accumulated_recompile_limit = 1 << 20
        # Nor are the shapes of gamma and the others constants of a program.
        dynamo.force_parameter_static_shapes = dynamo.force_nn_module_property_static_shapes = False
        # Or gradients could be asked for once only after each call.
        functorch: Any = importlib.import_module("torch._functorch.config")
        functorch.donated_buffer = False

    def build(self, config: LayerConfig) -> _ModuleLayer:
        return (_ModuleLayer if config.eager else _CompiledLayer)(self._checked(config))


class _ScriptedLayer(_ModuleLayer):
    def __init__(self, config: LayerConfig) -> None:
        super().__init__(config)
        self._module = torch.jit.script(self._module)

    def save(self, format: str) -> bytes:
        if format != "script":
            return super().save(format)
        file = io.BytesIO()
        torch.jit.save(self._module, file)
        return file.getvalue()

    def restore(self, format: str, saved: bytes) -> None:
        if format == "script":
            self._module = torch.jit.load(io.BytesIO(saved), map_location=self._config.device)
        else:
            super().restore(format, saved)


class TorchScript(TorchBatchNorm):
    """``torch.jit.script``: https://docs.pytorch.org/docs/stable/generated/torch.jit.script.html."""

    name = "PyTorch nn.BatchNorm, TorchScript"
    capabilities = replace(TorchBatchNorm.capabilities, eager=True, saves=("state_dict", "script"))
    idiom = changed(build=(("$layer = torch", "$layer = torch.jit.script(torch"), ("\n)", "\n))")))

    def build(self, config: LayerConfig) -> _ModuleLayer:
        return (_ModuleLayer if config.eager else _ScriptedLayer)(self._checked(config))
