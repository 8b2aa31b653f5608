# ONNX reference evaluator, opset 9 1.23.2
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[1, 0] is -2.19140625, exactly -2.63982165; it may be off by 0.0013 and is off by 0.45, 347
# times the bound; values beyond their bounds: 2 of 2
import ml_dtypes
import numpy as np
import onnx
import onnx.reference


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
    "scale": np.full(1, 1, "float16"),
    "B": np.full(1, 0, "float16"),
    "input_mean": np.full(1, 0, "float16"),
    "input_var": np.full(1, 1, "float16"),
}
layer["scale"] = np.asarray(np.array([1.0], np.float16), "float16")
layer["B"] = np.asarray(np.array([0.0], np.float16), "float16")
layer["input_mean"] = np.asarray(np.array([0.633], np.float16), "float16")
layer["input_var"] = np.asarray(np.array([1.739], np.float16), "float16")
x = np.array([[3.113], [-2.85]], np.float16)
model = batch_norm_model("float16", np.ndim(x), 1, 9, False, epsilon=0.001, momentum=0.9)
inputs = {"X": np.asarray(x, "float16"), **layer}
y, *statistics = onnx.reference.ReferenceEvaluator(model).run(None, inputs)
layer.update(zip(["input_mean", "input_var"], statistics))
print("y[1, 0] is", float(y[1, 0]), "and should be", -2.63982164891402)
