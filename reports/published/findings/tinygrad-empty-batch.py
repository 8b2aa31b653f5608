"""tinygrad: one empty batch turns the running statistics to NaN, for good.

Promised: batch normalisation with running statistics, as in the paper it links to.
    https://docs.tinygrad.org/nn/#tinygrad.nn.BatchNorm
Happens: the mean of nothing is NaN, and it is averaged in.
"""

import os

os.environ["LLVM"] = "1"

from tinygrad import Tensor, nn

layer = nn.BatchNorm(1)
for rows in (4, 0, 4):
    with Tensor.train():
        layer(Tensor.ones(rows, 1)).realize()
    print(f"after {rows} rows: running mean {layer.running_mean.numpy()[0]:g}")
