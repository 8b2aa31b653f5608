# OpenVINO from ONNX 2026.4.1-22982-e213a147257-releases/2026/4
# Required: Changing gamma[k] or beta[k] changes feature k of the output, by the amount the
# definition says, and no other feature: gamma and beta act as n-vectors.
# Seen: the change of y[0, 0] when beta[0] grows by 1 is 1.00000006, exactly 1; it may be off by
# 5.7e-15 and is off by 6e-08, 1.04e+07 times the bound; values beyond their bounds: 1 of 4
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
    "scale": np.full(2, 1, "float64"),
    "B": np.full(2, 0, "float64"),
    "input_mean": np.full(2, 0, "float64"),
    "input_var": np.full(2, 1, "float64"),
}
try:
    layer["scale"] = np.asarray(np.array([1.0, 1.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
try:
    layer["B"] = np.asarray(np.array([0.0, 0.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
x = np.array([
    [3.1136326797582874, 1.5850791503301482],
    [-2.8490255525702013, 0.14010011798082728],
], np.float64)
model = batch_norm_model("float64", np.ndim(x), 2, 15, True, epsilon=1e-05, momentum=0.9)
inputs = {"X": np.asarray(x, "float64"), **layer}
y, *statistics = ov.Core().compile_model(
    ov.Core().read_model(model.SerializeToString()), "CPU"
)(inputs).to_tuple()
layer.update(zip(["input_mean", "input_var"], statistics))
print("y =", y)
try:
    layer["scale"] = np.asarray(np.array([2.0, 1.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
model = batch_norm_model("float64", np.ndim(x), 2, 15, True, epsilon=1e-05, momentum=0.9)
inputs = {"X": np.asarray(x, "float64"), **layer}
y, *statistics = ov.Core().compile_model(
    ov.Core().read_model(model.SerializeToString()), "CPU"
)(inputs).to_tuple()
layer.update(zip(["input_mean", "input_var"], statistics))
print("y =", y)
try:
    layer["scale"] = np.asarray(np.array([1.0, 1.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
try:
    layer["B"] = np.asarray(np.array([1.0, 0.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
model = batch_norm_model("float64", np.ndim(x), 2, 15, True, epsilon=1e-05, momentum=0.9)
inputs = {"X": np.asarray(x, "float64"), **layer}
y, *statistics = ov.Core().compile_model(
    ov.Core().read_model(model.SerializeToString()), "CPU"
)(inputs).to_tuple()
layer.update(zip(["input_mean", "input_var"], statistics))
print("y =", y)
