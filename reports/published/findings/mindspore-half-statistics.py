"""MindSpore: a layer of dtype float16 never moves its running statistics.

Promised: "dtype: Dtype of Parameters. Default: mstype.float32"; "Supported types: float16, float32".
    https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.BatchNorm2d.html
Happens: in float32 they follow the batches, in float16 they stay at 0 and 1, and nothing is said.
Harm: inference after training normalises by 0 and 1, that is, not at all.
"""

import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")
for dtype in ("float32", "float16"):
    layer = ms.nn.BatchNorm1d(1, dtype=getattr(ms, dtype))
    layer.set_train()
    for _ in range(100):
        layer(ms.Tensor(np.array([[10.0], [14.0]], dtype)))
    print(dtype, layer.moving_mean.asnumpy().item(), layer.moving_variance.asnumpy().item())
