"""tinygrad: the error of the mean grows with the batch.

Promised: batch normalisation, as in the paper it links to.
    https://docs.tinygrad.org/nn/#tinygrad.nn.BatchNorm
Happens: its kernel on the CPU adds float32 values up a few lanes at a time, each lane one after the other, so that on
    constant features the roundings all go the same way.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6; less than where a single sum runs
    over all values.
"""

import os

os.environ["LLVM"] = "1"

from tinygrad import Tensor, nn

layer = nn.BatchNorm(2)
for n in (10**4, 10**5, 10**6, 10**7):
    with Tensor.train():
        y = layer(Tensor.full((n, 2), 0.1).contiguous())[0, 0]
    print(f"N = {n:>10,}: y = {y.item():9.6f}, exactly 0")
