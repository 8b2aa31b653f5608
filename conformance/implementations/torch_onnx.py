"""PyTorch: the layers of :mod:`conformance.implementations.torch`, exported to ONNX and run by ONNX Runtime."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import Any

from conformance.implementation import Array, Gradients, LayerConfig
from conformance.implementations.onnx import OnnxRuntime
from conformance.implementations.torch import TorchBatchNorm, _ModuleLayer, as_array
from conformance.implementations.torch_forms import changed

# isort: split
# After what sets the environment.
import onnxruntime
import onnxscript  # which torch.onnx.export asks for
import torch

logging.getLogger("torch.onnx").setLevel(
    logging.ERROR
)  # or it says at each export that there is no torchvision
# By apply_weights, of num_batches_tracked, which inference does not use.
warnings.filterwarnings("ignore", "Weight 'num_batches_tracked' not found")


class _InferenceLayer(_ModuleLayer):
    def backward(self, dy: Array, *, back: int = 0) -> Gradients:
        raise NotImplementedError("what is exported here is inference, which has no gradients")


class _OnnxLayer(_InferenceLayer):
    def __init__(self, config: LayerConfig, implementation: TorchOnnx) -> None:
        super().__init__(config)
        self._implementation = implementation

    def _apply(self, x: Any, training: bool) -> Any:
        if training:
            raise NotImplementedError("what is exported here is inference")
        program = self._implementation.program(self._config, self._new)
        program.apply_weights(self._module.state_dict())
        (y,) = self._implementation.runtime.run(program.model_proto)({"input": as_array(x)})
        return torch.from_numpy(y)


class TorchOnnx(TorchBatchNorm):
    """``torch.onnx.export(layer.eval(), (x,), dynamo=True, dynamic_shapes=...)`` and, of the program,
    ``apply_weights``: https://docs.pytorch.org/docs/stable/onnx_export.html. Run by ONNX Runtime as
    :class:`conformance.implementations.onnx.OnnxRuntime` runs a model.

    All extents but the features' are left open and the weights are applied afterwards, so that one program serves
    all layers of a kind. Each weight is exported with values of its own: what is equal then, as gamma and the
    variance of a fresh layer are, becomes one weight of the program.
    """

    name = "PyTorch nn.BatchNorm, ONNX Runtime"
    version = (
        f"{torch.__version__}, onnxscript {onnxscript.__version__}, onnxruntime {onnxruntime.__version__}"
    )
    capabilities = replace(
        TorchBatchNorm.capabilities,
        saves=(),
        dtypes=OnnxRuntime.capabilities.dtypes,
        devices=("cpu",),
        gradients=False,
        outstanding=False,
        frozen=(),
        training=False,
        running=False,
        cumulative=False,
        compiles=True,
        eager=True,
    )
    idiom = replace(
        changed(
            apply=(
                ("y = $layer.train($training)(", "t = "),
                (
                    "torch.$dtype))",
                    """torch.$dtype)
program = torch.onnx.export($layer.eval(), (t,), dynamo=True, verbose=False)
session = onnxruntime.InferenceSession(
    program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"]
)
(y,) = session.run(None, {"input": t.numpy()})""",
                ),
            ),
            setup=(("import torch", "import onnxruntime\nimport torch"),),
        ),
        differentiate="",
    )

    def __init__(self) -> None:
        self.runtime = OnnxRuntime()
        self._programs: dict[tuple[Any, ...], Any] = {}

    def build(self, config: LayerConfig) -> _InferenceLayer:
        config = self._checked(config)
        return _InferenceLayer(config) if config.eager else _OnnxLayer(config, self)

    def program(self, config: LayerConfig, make: Any) -> Any:
        """The layer ``make(config)`` exported, without any layer's weights."""
        rank, n = len(config.input_shape), config.input_shape[config.axis]
        kind = rank, n, config.dtype, config.scale, config.defaults or config.epsilon
        if kind not in self._programs:
            layer = make(config).eval()
            for number, value in enumerate(layer.state_dict().values()):
                value.copy_(number + 2)
            x = torch.zeros([n if k == 1 else 2 for k in range(rank)], dtype=getattr(torch, config.dtype))
            extents = {k: torch.export.Dim.DYNAMIC for k in range(rank) if k != 1}
            self._programs[kind] = torch.onnx.export(
                layer, (x,), dynamo=True, dynamic_shapes=(extents,), verbose=False
            )
        return self._programs[kind]
