"""ONNX: a model of one ``BatchNormalization`` node, run by ONNX's own reference evaluator and by ONNX Runtime.

https://onnx.ai/onnx/operators/onnx__BatchNormalization.html. Before opset 14 the operator has two modes, told apart
by its number of outputs, and of these only inference is tried; from then on it has ``training_mode``, and opset 15
changes no more than which types go together. It takes the features second and has no argument for it, so they are
moved there and back.

A node is a function of X, scale, B, input_mean and input_var. Here it is given what was loaded, or ones for scale
and variance and zeros for the others, and in training what it returned for mean and variance becomes the next
call's.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import ml_dtypes  # noqa: F401  # which makes bfloat16 a name that NumPy knows
import numpy as np
import onnx

from conformance.implementation import Array, Capabilities, Gradients, Idiom, LayerConfig

_NAMES = (("gamma", "scale"), ("beta", "B"), ("running_mean", "input_mean"), ("running_var", "input_var"))
_NATIVE = dict(_NAMES)
_INITIALLY = {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}


def batch_norm_model(
    dtype: str, held: str, rank: int, n: int, opset: int, training: bool, **attributes: float
) -> onnx.ModelProto:  # its source goes into scripts
    inputs = ["X", "scale", "B", "input_mean", "input_var"]
    outputs = ["Y", "running_mean", "running_var"] if training else ["Y"]
    if opset >= 14:
        attributes["training_mode"] = int(training)
    node = onnx.helper.make_node("BatchNormalization", inputs, outputs, **attributes)
    of_x, of_parameters = (onnx.helper.np_dtype_to_tensor_dtype(np.dtype(each)) for each in (dtype, held))
    whole = [None, n, *[None] * (rank - 2)]
    extents = {name: whole if name in ("X", "Y") else [n] for name in inputs + outputs}
    ends = [
        [
            onnx.helper.make_tensor_value_info(
                name, of_x if name in ("X", "Y") else of_parameters, extents[name]
            )
            for name in names
        ]
        for names in (inputs, outputs)
    ]
    graph = onnx.helper.make_graph([node], "batch_norm", *ends)
    opsets = [onnx.helper.make_opsetid("", opset)]
    version = onnx.helper.find_min_ir_version_for(opsets)
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=version)


class _Layer:
    def __init__(self, config: LayerConfig, implementation: _Onnx) -> None:
        self._config, self._implementation = config, implementation
        n = config.input_shape[config.axis]
        self._held = {name: np.full(n, value, config.held_in) for name, value in _INITIALLY.items()}

    def parameters(self) -> dict[str, Array]:
        return dict(self._held)

    def load(self, parameters: Mapping[str, Array]) -> None:
        self._held |= parameters

    def forward(self, x: Array, *, training: bool) -> Array:
        inputs = {_NATIVE[name]: value for name, value in self._held.items()}
        run = self._implementation.runner(self._config, training)
        y, *statistics = run({"X": np.moveaxis(x, self._config.axis, 1), **inputs})
        self._held |= zip(("running_mean", "running_var"), statistics, strict=False)
        return np.moveaxis(y, 1, self._config.axis)

    def backward(self, dy: Array) -> Gradients:
        raise NotImplementedError("ONNX has no operator for the gradients of a batch normalisation")


def _idiom(opset: int, imports: str, run: str) -> Idiom:
    """:param run: an expression for the outputs of ``model`` for ``inputs``, a list."""
    source = inspect.getsource(batch_norm_model).replace("  # its source goes into scripts", "")
    return Idiom(
        setup=f"import ml_dtypes\nimport numpy as np\nimport onnx\n{imports}\n\n\n{source}\n",
        build="\n".join(
            [
                "$layer = {",
                *(
                    f'    "{_NATIVE[k]}": np.full($n, {v}, "$parameter_dtype"),'
                    for k, v in _INITIALLY.items()
                ),
                "}",
            ]
        ),
        apply=f"""\
model = batch_norm_model(
    "$dtype", "$parameter_dtype", np.ndim($x), $n, {opset}, $training, epsilon=$epsilon, momentum=$momentum
)
inputs = {{"X": np.asarray($x, "$dtype"), **$layer}}
y, *statistics = {run}
$layer.update(zip(["input_mean", "input_var"], statistics))""",
        get=tuple((name, f'$layer["{native}"]') for name, native in _NAMES),
        set=tuple(
            (name, f'$layer["{native}"] = np.asarray($value, "$parameter_dtype")') for name, native in _NAMES
        ),
    )


class _Onnx:
    name: str
    version: str
    capabilities: Capabilities
    idiom: Idiom
    opset: ClassVar[int]

    def __init__(self) -> None:
        self._runners: dict[tuple[Any, ...], Any] = {}

    def build(self, config: LayerConfig) -> _Layer:
        return _Layer(config, self)

    def runner(self, config: LayerConfig, training: bool) -> Any:
        """A function from the node's inputs by name to its outputs, a list. All extents but the features' are left
        open, so that one serves many layers.
        """
        shape = config.input_shape
        kind = config.dtype, config.held_in, len(shape), shape[config.axis], self.opset, training
        wanted = *kind, config.epsilon, config.momentum
        if wanted not in self._runners:
            model = batch_norm_model(*kind, epsilon=config.epsilon, momentum=config.momentum)
            self._runners[wanted] = self.run(model)
        return self._runners[wanted]

    def run(self, model: Any) -> Any:
        raise NotImplementedError


def _capabilities(dtypes: tuple[str, ...], *, training: bool, compiles: bool = False) -> Capabilities:
    """Of opset 15 on, which is where training is, x has a type of its own."""
    return Capabilities(
        dtypes=dtypes,
        names=_NAMES,
        axes=(1,),
        moves_axis=True,
        affine="always",
        parameters=False,
        training=training,
        running=training,
        mixed=training,
        compiles=compiles,
    )


class OnnxReference(_Onnx):
    """``onnx.reference.ReferenceEvaluator``: https://onnx.ai/onnx/api/reference.html. Attributes epsilon, momentum
    and training_mode.
    """

    name = "ONNX reference evaluator"
    version = str(onnx.__version__)
    opset = 15
    capabilities = _capabilities(("float32", "float64", "float16", "bfloat16"), training=True)
    idiom = _idiom(
        opset, "import onnx.reference", "onnx.reference.ReferenceEvaluator(model).run(None, inputs)"
    )

    def run(self, model: Any) -> Any:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        return lambda inputs: evaluator.run(None, inputs)


class OnnxReference9(OnnxReference):
    """The same of opset 9, in inference."""

    name = "ONNX reference evaluator, opset 9"
    opset = 9
    capabilities = _capabilities(("float32", "float64", "float16"), training=False)
    idiom = _idiom(
        opset, "import onnx.reference", "onnx.reference.ReferenceEvaluator(model).run(None, inputs)"
    )


_SESSION = (
    'onnxruntime.InferenceSession(\n    model.SerializeToString(), providers=["CPUExecutionProvider"]\n)'
    ".run(None, inputs)"
)


class OnnxRuntime(_Onnx):
    """``onnxruntime.InferenceSession`` on the CPU: https://onnxruntime.ai/docs/api/python/api_summary.html.
    Attributes epsilon, momentum and training_mode.

    One thread is asked for by ``SessionOptions``, since no environment variable does.
    """

    name = "ONNX Runtime"
    opset = 15
    capabilities = _capabilities(("float32", "float64", "float16"), training=True)
    idiom = _idiom(opset, "import onnxruntime", _SESSION)

    def __init__(self) -> None:
        import onnxruntime

        super().__init__()
        self.version = str(onnxruntime.__version__)

    def run(self, model: Any) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return lambda inputs: session.run(None, inputs)


class OnnxRuntime9(OnnxRuntime):
    """The same of opset 9, in inference."""

    name = "ONNX Runtime, opset 9"
    opset = 9
    capabilities = _capabilities(("float32", "float64", "float16"), training=False)
    idiom = _idiom(opset, "import onnxruntime", _SESSION)


class OpenVinoOnnx(_Onnx):
    """``openvino.Core.read_model`` on the CPU: https://docs.openvino.ai/2025/openvino-workflow/model-preparation/convert-model-onnx.html.
    Attributes epsilon, momentum and training_mode.
    """

    name = "OpenVINO from ONNX"
    opset = 15
    capabilities = replace(
        _capabilities(("float32", "float64", "float16"), training=True, compiles=True), mixed=False
    )
    idiom = _idiom(
        opset,
        "import openvino as ov",
        'ov.Core().compile_model(\n    ov.Core().read_model(model.SerializeToString()), "CPU"\n)(inputs).to_tuple()',
    )

    def __init__(self) -> None:
        import openvino

        super().__init__()
        self.version = str(openvino.__version__)

    def run(self, model: Any) -> Any:
        import openvino

        from conformance.implementations.openvino import compiled

        run = compiled(openvino.Core().read_model(model.SerializeToString()))
        names = [each.name for each in model.graph.input]
        return lambda inputs: run([inputs[name] for name in names])
