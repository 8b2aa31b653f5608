# ONNX reference evaluator, opset 9 1.23.2
# Required: gamma = sqrt(var + epsilon), beta = mean of the running statistics give back x, in
# inference.
# Seen: y[1, 0], which should be x[1, 0], is -2.25611925, exactly -2.84902549; it may be off by
# 2.9e-06 and is off by 0.59, 2.05e+05 times the bound; values beyond their bounds: 2 of 2
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
    "scale": np.full(1, 1, "float32"),
    "B": np.full(1, 0, "float32"),
    "input_mean": np.full(1, 0, "float32"),
    "input_var": np.full(1, 1, "float32"),
}
layer["scale"] = np.asarray(np.array([1.318692], np.float32), "float32")
layer["B"] = np.asarray(np.array([0.6327895], np.float32), "float32")
layer["input_mean"] = np.asarray(np.array([0.6327895], np.float32), "float32")
layer["input_var"] = np.asarray(np.array([1.7389386], np.float32), "float32")
x = np.array([[3.1136327], [-2.8490255]], np.float32)
model = batch_norm_model("float32", np.ndim(x), 1, 9, False, epsilon=1e-05, momentum=0.9)
inputs = {"X": np.asarray(x, "float32"), **layer}
y, *statistics = onnx.reference.ReferenceEvaluator(model).run(None, inputs)
layer.update(zip(["input_mean", "input_var"], statistics))
print("y[1, 0] is", float(y[1, 0]), "and should be", -2.8490254878997803)
