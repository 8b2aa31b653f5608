# tinygrad nn.BatchNorm 0.9.2
# Required: An empty batch leaves the running statistics as they were: an error, or no change.
# Seen: running_mean was [0.6327894926071167] and is [nan] after an empty batch of shape (0, 1)
import os

os.environ["LLVM"] = "1"

import numpy as np
from tinygrad import Tensor, nn

layer = nn.BatchNorm(1, eps=1e-05, affine=True, momentum=0.9)
layer.weight.assign(Tensor(np.array([1.0], np.float32))).realize()
layer.bias.assign(Tensor(np.array([0.0], np.float32))).realize()
layer.running_mean.assign(Tensor(np.array([0.6327895], np.float32))).realize()
layer.running_var.assign(Tensor(np.array([1.7389386], np.float32))).realize()
x = np.zeros((0, 1), np.float32)
with Tensor.train(True):
    y = layer(Tensor(x)).numpy()
running_mean = np.ravel(layer.running_mean.numpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
