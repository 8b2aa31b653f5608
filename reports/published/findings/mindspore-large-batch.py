"""MindSpore on the CPU: the error of the mean grows with the batch.

Promised: the mean and the variance of the batch.
    https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.BatchNorm1d.html
Happens: float32 sums run over all N values one after the other, so that on constant features the roundings all go the
    same way, as in PyTorch and TensorFlow.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")
layer = ms.nn.BatchNorm1d(2)
layer.set_train()
for n in (10**4, 10**5, 10**6, 10**7):
    y = layer(ms.Tensor(np.full((n, 2), 0.1, "float32"))).asnumpy()[0, 0]
    print(f"N = {n:>10,}: y = {y:9.6f}, exactly 0")
