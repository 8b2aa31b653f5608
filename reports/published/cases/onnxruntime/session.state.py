# ONNX Runtime 1.32.0
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after a load, training on an empty batch; it should be 0.632789493,
# as it was
import ml_dtypes
import numpy as np
import onnx
import onnxruntime


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
layer["scale"] = np.asarray(np.array([1.0], np.float32), "float32")
layer["B"] = np.asarray(np.array([0.0], np.float32), "float32")
layer["input_mean"] = np.asarray(np.array([0.6327895], np.float32), "float32")
layer["input_var"] = np.asarray(np.array([1.7389386], np.float32), "float32")
x = np.zeros((0, 1), np.float32)
model = batch_norm_model("float32", np.ndim(x), 1, 15, True, epsilon=1e-05, momentum=0.9)
inputs = {"X": np.asarray(x, "float32"), **layer}
y, *statistics = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["CPUExecutionProvider"]
).run(None, inputs)
layer.update(zip(["input_mean", "input_var"], statistics))
running_mean = np.ravel(layer["input_mean"])
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
