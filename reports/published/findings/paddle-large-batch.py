"""PaddlePaddle: the error of the mean grows with the batch.

Promised: the mean and the variance of the batch.
    https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/BatchNorm1D_en.html
Happens: float32 sums over the batch run over all N values one after the other, so that on constant features the
    roundings all go the same way, as in PyTorch and TensorFlow.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import warnings

warnings.simplefilter("ignore")
import paddle

for n in (10**4, 10**5, 10**6, 10**7):
    y = paddle.nn.BatchNorm1D(2)(paddle.full([n, 2], 0.1))[0, 0]
    print(f"N = {n:>10,}: y = {float(y):9.6f}, exactly 0")
