"""PyTorch: the layers of :mod:`conformance.implementations.torch`, exported to ONNX and run by ONNX Runtime."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from conformance.implementation import Array, LayerConfig
from conformance.implementations.onnx import OnnxRuntime
from conformance.implementations.torch import TorchBatchNorm, _ModuleLayer, as_array
from conformance.implementations.torch_forms import changed

# isort: split
# After what sets the environment.
import onnxruntime
import onnxscript  # noqa: F401  # which torch.onnx.export asks for
import torch

logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # or it tells that there is no torchvision


class _OnnxLayer(_ModuleLayer):
    def __init__(self, config: LayerConfig, implementation: TorchOnnx) -> None:
        super().__init__(config)
        self._implementation = implementation

    def _apply(self, x: Any, training: bool) -> Any:
        if training:
            raise NotImplementedError("what is exported here is the layer in inference")
        program = self._implementation.program(self._config, x.ndim, x.shape[1])
        program.apply_weights(self._module.state_dict())
        (y,) = OnnxRuntime.run(self._implementation.runtime, program.model_proto)({"input": as_array(x)})
        return torch.from_numpy(y)


class TorchOnnx(TorchBatchNorm):
    """``torch.onnx.export(layer.eval(), (x,), dynamo=True, dynamic_shapes=...)`` and, of the program,
    ``apply_weights``: https://docs.pytorch.org/docs/stable/onnx_export.html.

    All extents but the features' are left open, and the weights are applied afterwards, so that one program serves
    all layers of a kind. Run by ONNX Runtime, as :class:`conformance.implementations.onnx.OnnxRuntime` does.
    """
