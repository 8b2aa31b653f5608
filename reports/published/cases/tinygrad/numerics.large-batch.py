# tinygrad nn.BatchNorm 0.9.2
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -6.40853905e-05, exactly 0; it may be off by 4.6e-05 and is off by 6.4e-05, 1.39
# times the bound; values beyond their bounds: 249 of 249
import os

os.environ["LLVM"] = "1"

import numpy as np
from tinygrad import Tensor, nn

layer = nn.BatchNorm(1, eps=0.001, affine=True, momentum=0.9)
layer.weight.assign(Tensor(np.array([1.0], np.float32))).realize()
layer.bias.assign(Tensor(np.array([0.0], np.float32))).realize()
x = np.full((249, 1), -1.0291188, np.float32)
with Tensor.train(True):
    y = layer(Tensor(x)).numpy()
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
