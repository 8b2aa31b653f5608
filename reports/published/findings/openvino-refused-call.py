"""OpenVINO on the CPU: after a call it refused, sound calls of the same model give outputs of the wrong shape.

Promised: gamma, beta, mean and variance are of shape [C].
    https://docs.openvino.ai/2025/documentation/openvino-ir-format/operation-sets/operation-specs/normalization/batch-norm-inference-5.html
Happens: in a model that leaves the number of features open, one gamma too many is an error, as it should be. But
    something of that call is kept: the next ones, though sound, get the number of features it had, or are refused in
    turn where it was beta that was wrong, until a call has another number of features.
Harm: in a server, one malformed request spoils the answers to others. With the number of features fixed, none of
    this happens.
"""

import numpy as np
import openvino as ov
from openvino import opset15

nodes = [opset15.parameter([-1, -1], ov.Type.f32), *(opset15.parameter([-1], ov.Type.f32) for _ in range(4))]
model = ov.Core().compile_model(ov.Model([opset15.batch_norm_inference(*nodes, 0.0)], nodes), "CPU")
for x, gammas in (([[1], [2]], 1), ([[3, 4]], 3), ([[5]], 1), ([[6], [7]], 1)):
    one = np.ones(np.shape(x)[1], np.float32)
    try:
        y = model([np.array(x, np.float32), np.ones(gammas, np.float32), 0 * one, 0 * one, one])[0].tolist()
    except RuntimeError:
        y = "refused"
    print(f"x {x}, mean 0, variance 1, gamma {[1] * gammas}, beta 0: y {y}")
