"""OpenVINO from ONNX: an empty batch in training moves the running statistics towards 0.

Promised: running_mean = input_mean * momentum + current_mean * (1 - momentum), with nothing said of a batch of none.
    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: mean and variance of nothing are taken for 0, and averaged in.
Harm: unlike ONNX Runtime's NaN it is not seen; each empty batch takes a tenth of the running variance away.
"""

import numpy as np
import openvino as ov
from onnx.parser import parse_model

model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (float[N, 1] x, float[1] s, float[1] b, float[1] mean, float[1] var)'
    " => (float[N, 1] y, float[1] new_mean, float[1] new_var)"
    " { y, new_mean, new_var = BatchNormalization <training_mode = 1> (x, s, b, mean, var) }"
)
core, one = ov.Core(), np.ones(1, np.float32)
run = core.compile_model(core.read_model(model.SerializeToString()), "CPU")
_, mean, var = run([np.ones((0, 1), np.float32), one, 0 * one, one, one]).to_tuple()
print(f"mean 1 and variance 1, after an empty batch {mean[0]} and {var[0]}")
