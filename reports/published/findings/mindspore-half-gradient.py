"""MindSpore, float16: the gradient of x has a digit less than it could have.

Promised: nothing but the definition; "Supported types: float16, float32".
    https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.BatchNorm1d.html
Happens: y is rounded from float32, the gradient is put together in float16, and is off by several last places.
Harm: little, some bits.
"""

import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")
x = np.array([2.113, 1.849, -2.256, -0.5854, 0.9854, 0.1934, 0.762, -0.9414], "float16").reshape(8, 1)
dy = np.array([-1.577, -0.1416, 0.51, 0.8257, -1.098, 0.897, 0.816, -1.191], "float16").reshape(8, 1)
for dtype in ("float32", "float16"):
    layer = ms.nn.BatchNorm1d(1, eps=0.001, dtype=getattr(ms, dtype)).set_train()
    dx = ms.ops.GradOperation(sens_param=True)(layer)(ms.Tensor(x.astype(dtype)), ms.Tensor(dy.astype(dtype)))
    print(f"dx in {dtype} {dx.asnumpy()[2, 0]:.6f}, exactly -0.039851")
