# OpenVINO from ONNX 2026.4.1-22982-e213a147257-releases/2026/4
# Required: With gamma 1 and beta 0 each feature of y has mean 0 and variance var / (var + epsilon).
# Seen: the variance of feature 0 is 0.999998927, exactly 0.999998875; it may be off by 6e-15 and is
# off by 5.2e-08, 8.65e+06 times the bound; values beyond their bounds: 1 of 1
import ml_dtypes
import numpy as np
import onnx
import openvino as ov


def batch_norm_model(
    dtype: str, rank: int, n: int, opset: int, training: bool, **attributes: float
) -> onnx.ModelProto:
    inputs = ["X", "scale", "B", "input_mean", "input_var"]
    outputs = ["Y", "running_mean", "running_var"] if training else ["Y"]
    if opset >= 14:
        attributes["training_mode"] = int(training)
    node = onnx.helper.make_node("BatchNormalization", inputs, outputs, **attributes)
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    whole = [None, n, *[None] * (rank - 2)]
    extents = {name: whole if name in ("X", "Y") else [n] for name in inputs + outputs}
    ends = [
        [onnx.helper.make_tensor_value_info(name, kind, extents[name]) for name in names]
        for names in (inputs, outputs)
    ]
    graph = onnx.helper.make_graph([node], "batch_norm", *ends)
    opsets = [onnx.helper.make_opsetid("", opset)]
    version = onnx.helper.find_min_ir_version_for(opsets)
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=version)



layer = {
    "scale": np.full(1, 1, "float64"),
    "B": np.full(1, 0, "float64"),
    "input_mean": np.full(1, 0, "float64"),
    "input_var": np.full(1, 1, "float64"),
}
layer["scale"] = np.asarray(np.array([1.0], np.float64), "float64")
layer["B"] = np.asarray(np.array([0.0], np.float64), "float64")
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
model = batch_norm_model("float64", np.ndim(x), 1, 15, True, epsilon=1e-05, momentum=0.9)
inputs = {"X": np.asarray(x, "float64"), **layer}
y, *statistics = ov.Core().compile_model(
    ov.Core().read_model(model.SerializeToString()), "CPU"
)(inputs).to_tuple()
layer.update(zip(["input_mean", "input_var"], statistics))
print("y =", y)
