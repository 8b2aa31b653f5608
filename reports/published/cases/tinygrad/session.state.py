# tinygrad nn.BatchNorm 0.9.2
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after a load, training on an empty batch; it should be 0.632789493,
# as it was
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
