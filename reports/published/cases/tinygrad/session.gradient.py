# tinygrad nn.BatchNorm 0.9.2
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dx[1, 0] after a training call is 2.18982167e-13, exactly 0; it may be off by
# 1e-18 and is off by 2.2e-13, 2.14e+05 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["LLVM"] = "1"

import numpy as np
from tinygrad import Tensor, nn

layer = nn.BatchNorm(1, eps=1e-05, affine=True, momentum=0.9)
layer.weight.assign(Tensor(np.array([1.0], np.float32))).realize()
layer.bias.assign(Tensor(np.array([0.0], np.float32))).realize()
x = np.array([[3.4234753e+12], [-3.1325367e+12]], np.float32)
dy = np.array([[-1.5772825], [-0.141633]], np.float32)
t = Tensor(x, requires_grad=True)
layer.weight.requires_grad = layer.bias.requires_grad = True
with Tensor.train(True):
    y = layer(t)
(y * Tensor(dy)).sum().backward()
dx, dgamma, dbeta = (each.grad.numpy() for each in (t, layer.weight, layer.bias))
print("dx[1, 0] is", float(dx[1, 0]), "and should be", 0.0)
