"""tinygrad: from values of about 1e10, dx leaves out that the variance depends on x.

Promised: the gradient of y = (x - mean) / sqrt(var + eps), which is that of x / s for x s times as large.
    https://docs.tinygrad.org/nn/#tinygrad.nn.BatchNorm
Happens: 1 / sqrt(var) is differentiated by way of 1 / var, whose square underflows in float32 from var = 1e20. So the
    gradient that comes by the variance is 0. The square itself, 1e20, is far from overflowing, and y is right.
Harm: for such values training goes another way, and nothing is said.
Upstream: not found; searched for rsqrt, backward, underflow. tinygrad 0.9.2 is what was tried.
"""

import os

os.environ["LLVM"] = "1"

import numpy as np
from tinygrad import Tensor, nn

for scale in (1.0, 1e9, 1e10):
    x = Tensor(np.array([[3.4], [-3.1], [0.5]], np.float32) * np.float32(scale), requires_grad=True)
    layer = nn.BatchNorm(1)
    with Tensor.train():
        y = layer(x)
    (y * Tensor(np.array([[1.0], [0.2], [-0.5]], np.float32))).sum().backward()
    print(f"x of about {scale:g}: dx is {np.round(x.grad.numpy().ravel() * scale, 3)} / {scale:g}")
print("exactly [0.158 0.127 -0.286] / scale for each")
