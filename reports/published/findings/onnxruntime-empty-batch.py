"""ONNX's reference evaluator and ONNX Runtime: an empty batch in training turns the running statistics to NaN.

Promised: running_mean = input_mean * momentum + current_mean * (1 - momentum), with nothing said of a batch of none.
    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: the mean of nothing is 0 / 0, and is averaged in. PyTorch refuses the call instead.
Harm: the last, incomplete batch of a shard can be empty; from then on the model in inference gives NaN, for good.
"""

import numpy as np
import onnxruntime
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator

model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (float[N, 1] x, float[1] s, float[1] b, float[1] mean, float[1] var)'
    " => (float[N, 1] y, float[1] new_mean, float[1] new_var)"
    " { y, new_mean, new_var = BatchNormalization <training_mode = 1> (x, s, b, mean, var) }"
)
one = np.ones(1, np.float32)
inputs = {"x": np.ones((0, 1), np.float32), "s": one, "b": 0 * one, "mean": 0 * one, "var": one}
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
with np.errstate(all="ignore"):
    for name, run in (("reference", ReferenceEvaluator(model).run), ("ONNX Runtime", session.run)):
        _, mean, var = run(None, inputs)
        print(f"{name}: mean 0 and variance 1, after an empty batch {mean[0]} and {var[0]}")
