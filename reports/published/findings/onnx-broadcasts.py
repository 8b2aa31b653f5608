"""ONNX's reference evaluator: gamma and beta of the wrong size are broadcast, not refused.

Promised: scale, B, input_mean and input_var are of shape (C). https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: one feature and three gammas give three features. The shapes that the model itself declares are not looked
    at. ONNX Runtime refuses both.
Harm: a mistake in a shape passes unseen, and the output has another shape than the input.
"""

import numpy as np
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator

model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (float[N, 1] x, float[1] s, float[1] b, float[1] mean, float[1] var)'
    " => (float[N, 1] y) { y = BatchNormalization(x, s, b, mean, var) }"
)
one = np.ones(1, np.float32)
inputs = {
    "x": np.array([[1], [3]], np.float32),
    "s": np.array([1, 2, 3], np.float32),
    "b": one,
    "mean": one,
    "var": one,
}
print("x (2, 1) and 3 gammas: y", ReferenceEvaluator(model).run(None, inputs)[0].shape)
