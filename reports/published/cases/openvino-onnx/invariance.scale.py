# OpenVINO from ONNX 2026.4.1-22982-e213a147257-releases/2026/4
# Required: x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the
# sign of y - beta.
# Seen: y[0, 0] with -x/2 and epsilon/4 is 27.6837082, exactly 27.683709; it may be off by 5.5e-14
# and is off by 8e-07, 1.46e+07 times the bound; values beyond their bounds: 2 of 2
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



layer2 = {
    "scale": np.full(1, 1, "float64"),
    "B": np.full(1, 0, "float64"),
    "input_mean": np.full(1, 0, "float64"),
    "input_var": np.full(1, 1, "float64"),
}
layer2["scale"] = np.asarray(np.array([1.0], np.float64), "float64")
layer2["B"] = np.asarray(np.array([28.683708591965217], np.float64), "float64")
x = np.array([[-1.5568163398791437], [1.4245127762851006]], np.float64)
model = batch_norm_model("float64", np.ndim(x), 1, 15, True, epsilon=2.5e-06, momentum=0.9)
inputs = {"X": np.asarray(x, "float64"), **layer2}
y, *statistics = ov.Core().compile_model(
    ov.Core().read_model(model.SerializeToString()), "CPU"
)(inputs).to_tuple()
layer2.update(zip(["input_mean", "input_var"], statistics))
print("y[0, 0] is", float(y[0, 0]), "and should be", 27.683708993012466)
