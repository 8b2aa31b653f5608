"""OpenVINO, from ONNX: in training the error of the mean grows with the batch.

Promised: "The computation of ReduceMean and ReduceVar uses float to avoid overflow for float16 inputs"; of float32
    nothing. https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
Happens: of equal values, which should all give 0, a large batch makes an output that is not.
Harm: a constant feature, such as a dead unit with a bias, is not 0 but some constant.
"""

import numpy as np
import openvino as ov
from onnx.parser import parse_model

model = parse_model(
    '<ir_version: 8, opset_import: ["": 15]> m (float[N, C] x, float[C] s, float[C] b, float[C] mean, float[C] var)'
    " => (float[N, C] y, float[C] new_mean, float[C] new_var)"
    " { y, new_mean, new_var = BatchNormalization <training_mode = 1> (x, s, b, mean, var) }"
)
compiled = ov.Core().compile_model(ov.Core().read_model(model.SerializeToString()), "CPU")
one = np.ones(1, np.float32)
for n in (10**4, 10**6, 10**7):
    y = compiled([np.full((n, 1), 8.1, np.float32), one, 0 * one, 0 * one, one])[0]
    print(f"{n} values of 8.1: y {y[0, 0]:.5f}, should be 0")
