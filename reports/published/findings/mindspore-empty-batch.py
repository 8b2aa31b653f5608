"""MindSpore: an empty batch moves the running statistics to arbitrary numbers.

Promised: "the training process will use the mean and variance of current batch data and track the running mean and
    variance".
    https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.BatchNorm1d.html
Happens: for the mean of nothing there comes what happens to lie in memory, and it is averaged in, with no error.
Harm: inference is wrong from then on, by another amount each time.
"""

import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")
layer = ms.nn.BatchNorm1d(1)
layer.set_train()
layer(ms.Tensor(np.ones((4, 1), "float32")))
before = [layer.moving_mean.asnumpy().item(), layer.moving_variance.asnumpy().item()]
layer(ms.Tensor(np.ones((0, 1), "float32")))
after = [layer.moving_mean.asnumpy().item(), layer.moving_variance.asnumpy().item()]
print("running statistics are as before an empty batch:", before == after)
