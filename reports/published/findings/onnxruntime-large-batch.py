"""ONNX's reference evaluator and ONNX Runtime: in training the error of the mean grows with the batch.

Promised: "The computation of ReduceMean and ReduceVar uses float to avoid overflow for float16 inputs"; of float32
    nothing. https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: with inputs of rank 2 both add the values of a feature one after the other, so that the rounding errors of
    the sum add up. Of equal values, which should all give 0, they make an output that grows with their number.
Harm: a constant feature, such as a dead unit with a bias, is not 0 but some constant of the order of 1.
"""

import numpy as np
import onnxruntime
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator

model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (float[N, C] x, float[C] s, float[C] b, float[C] mean, float[C] var)'
    " => (float[N, C] y, float[C] new_mean, float[C] new_var)"
    " { y, new_mean, new_var = BatchNormalization <training_mode = 1> (x, s, b, mean, var) }"
)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
one = np.ones(2, np.float32)
for n in (10**3, 10**5, 10**6):
    x = np.full((n, 2), 8.1, np.float32)
    inputs = {"x": x, "s": one, "b": 0 * one, "mean": 0 * one, "var": one}
    for name, run in (("reference", ReferenceEvaluator(model).run), ("ONNX Runtime", session.run)):
        print(f"{name}: {n} values of 8.1 in 2 features: y {run(None, inputs)[0][0, 0]:.4f}, should be 0")
