"""ONNX's reference evaluator: in training on float64 the two weights of the running average do not add up to 1.

Promised: running_mean = input_mean * momentum + current_mean * (1 - momentum).
    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: momentum is a float32, as the format has it, and 1 - momentum is then computed in float32 too, which rounds.
    ONNX Runtime computes it in double.
Harm: little. Statistics that should stay as they are drift by 2e-8 of their size with every batch.
"""

import numpy as np
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator

model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (double[N, 1] x, double[1] s, double[1] b, double[1] mean, double[1] '
    "var) => (double[N, 1] y, double[1] new_mean, double[1] new_var) { y, new_mean, new_var = BatchNormalization"
    " <training_mode = 1, momentum = 0.1> (x, s, b, mean, var) }"
)
inputs = {
    "x": np.array([[2.0], [4.0]]),
    "s": np.ones(1),
    "b": np.zeros(1),
    "mean": np.full(1, 3.0),
    "var": np.ones(1),
}
_, mean, var = ReferenceEvaluator(model).run(None, inputs)
print(f"mean 3 and variance 1, after a batch of mean 3 and variance 1: {mean[0]:.17g} and {var[0]:.17g}")
