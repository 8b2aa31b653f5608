"""Chainer: the error of the mean grows with the batch.

Promised: the mean and the variance of the batch.
    https://docs.chainer.org/en/stable/reference/generated/chainer.links.BatchNormalization.html
Happens: NumPy adds up float32 over the batch axis one value after the other, so that on constant features the
    roundings all go the same way, as in PyTorch and TensorFlow.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import chainer
import numpy as np

for n in (10**4, 10**5, 10**6, 10**7):
    y = chainer.links.BatchNormalization(2)(np.full((n, 2), 0.1, "float32")).array[0, 0]
    print(f"N = {n:>10,}: y = {y:9.6f}, exactly 0")
