"""OpenVINO on the CPU: a model of type f64 computes in float32, and says nothing.

Promised: the operation takes any floating-point type; the CPU plugin lists f32, bf16 and f16 as what it computes in.
    https://docs.openvino.ai/2025/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device.html
Happens: input and output are float64, with the digits of float32 in it; what float32 cannot hold comes out as 0.
Harm: who exports a double-precision model gets single precision under the name of double.
"""

import numpy as np
import openvino as ov
from openvino import opset15

nodes = [opset15.parameter([2, 1], ov.Type.f64), *(opset15.parameter([1], ov.Type.f64) for _ in range(4))]
model = ov.Core().compile_model(ov.Model([opset15.batch_norm_inference(*nodes, 1e-5)], nodes), "CPU")
for scale in (1.0, 1e40):
    x, mean, var = np.array([[0.1], [0.3]]) * scale, np.array([0.2]) * scale, np.array([1.0])
    y = model([x, np.ones(1), np.zeros(1), mean, var])[0]
    print(f"x {x.ravel()}: y {y.dtype} {y.ravel()}, exactly {((x - mean) / np.sqrt(var + 1e-5)).ravel()}")
