"""ONNX's reference evaluator: training adds up the variance of float16 in float16, which overflows.

Promised: "The computation of ReduceMean and ReduceVar uses float to avoid overflow for float16 inputs."
    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: it calls NumPy's var, which adds the squared deviations in float16. Their sum is infinite above 65504: for
    2 values of 250, or 70,000 of 1; then y is 0 throughout. Below, the statistics have 3 digits.
Harm: every output of a feature is 0. It is what other runtimes are checked against.
"""

import warnings

import numpy as np
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator

warnings.simplefilter("ignore")
model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (float16[N, 1] x, float16[1] s, float16[1] b, float16[1] mean, '
    "float16[1] var) => (float16[N, 1] y, float16[1] new_mean, float16[1] new_var)"
    " { y, new_mean, new_var = BatchNormalization <training_mode = 1> (x, s, b, mean, var) }"
)
one = np.ones(1, np.float16)
for size, repeats in ((1, 10_000), (1, 35_000), (250, 1)):
    x = np.tile(np.array([[-size], [size]], np.float16), (repeats, 1))
    inputs = {"x": x, "s": one, "b": 0 * one, "mean": 0 * one, "var": one}
    y = ReferenceEvaluator(model).run(None, inputs)[0]
    print(f"{len(x)} values of -{size} and {size}: y {y[:2].ravel()}, should be [-1, 1]")
