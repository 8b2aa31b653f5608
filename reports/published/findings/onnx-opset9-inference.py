"""ONNX's reference evaluator, opset 9: inference mixes the statistics of the batch into those it was given.

Promised: a BatchNormalization with one output is in test mode and uses the given mean and variance.
    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html#batchnormalization-9
Happens: it looks whether momentum was given to tell the modes apart, and momentum has a default, so that it always
    first averages them with the batch's and then normalises by that. Nodes of opset 7 and 8 raise a TypeError.
    Known, with an open fix: https://github.com/onnx/onnx/pull/8442
Harm: every output of every such model is wrong, and depends on the other samples of its batch. It is what other
    runtimes are checked against.
"""

import numpy as np
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator

one, x = np.ones(1, np.float32), np.array([[2.0], [4.0]], np.float32)
for opset in (9, 15):
    model = parse_model(
        f'<ir_version: 8, opset_import: ["": {opset}]> '
        "m (float[N, 1] x, float[1] s, float[1] b, float[1] mean, float[1] var) => (float[N, 1] y) "
        "{ y = BatchNormalization(x, s, b, mean, var) }"
    )
    inputs = {"s": one, "b": 0 * one, "mean": 0 * one, "var": one}
    for batch in (x, x[:1]):
        (y,) = ReferenceEvaluator(model).run(None, inputs | {"x": batch})
        print(f"opset {opset}: x {batch.ravel()}, mean 0, variance 1: y {y.ravel()}")
