"""ONNX's reference evaluator, opset 15: beside float32 statistics, training takes the variance of float16 x in half.

Promised: mean and variance have a type of their own, so that they may be wider than X.
    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: variances above 65,504 are infinite: y is B. The outputs running_mean and running_var have the type of X, and
not that which the model says. ONNX Runtime is right.
"""

import numpy as np
import onnx.helper as make
from onnx.reference import ReferenceEvaluator

inputs, outputs = ["X", "scale", "B", "input_mean", "input_var"], ["Y", "running_mean", "running_var"]
node = make.make_node("BatchNormalization", inputs, outputs, training_mode=1, momentum=0.5)
ends = [
    [make.make_tensor_value_info(n, 10 if n in "XY" else 1, [3, 1] if n in "XY" else [1]) for n in each]
    for each in (inputs, outputs)  # 10 is float16, 1 float32
]
model = make.make_model(make.make_graph([node], "g", *ends), opset_imports=[make.make_opsetid("", 15)])
x = np.array([[-400], [0], [400]], np.float16)
given = {"X": x} | {name: np.ones(1, np.float32) for name in inputs[1:]}
y, _, var = ReferenceEvaluator(model).run(None, given)
print("y =", y.ravel(), "and should be", 1 + x.ravel().astype(float) / np.std(x.astype(float)))
print("running_var =", var, var.dtype, "and should be", (1 + np.var(x.astype(float))) / 2)
