"""OpenVINO on the CPU: a model of type f16 holds epsilon in float16.

Promised: epsilon is an attribute of the operation, of type float; only the inputs are of the model's type.
Happens: the arithmetic is float32's, but an epsilon of 1e-8 has become 0, and one of 1e-3 has become 0.00100040.
Harm: a feature of variance 0 gives 0 / 0: NaN. With larger epsilons, outputs near 0 lose their last digits.
"""

import numpy as np
import openvino as ov
from openvino import opset15

for dtype in ("float32", "float16"):
    x = np.full((1, 1), 3, dtype)
    gamma, beta, mean, variance = (np.full(1, value, dtype) for value in (1, 0, 3, 0))
    nodes = [opset15.parameter(each.shape, each.dtype) for each in (x, gamma, beta, mean, variance)]
    model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-8)], nodes)
    y = ov.Core().compile_model(model, "CPU")([x, gamma, beta, mean, variance])[0]
    print(f"{dtype}: x = mean, variance 0, epsilon 1e-8: y is {y.item()}, and should be 0")
