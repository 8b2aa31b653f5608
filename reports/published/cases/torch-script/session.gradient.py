# PyTorch nn.BatchNorm, TorchScript 2.13.0+cpu
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dbeta[1] after a training call is -0.986568093, exactly -0.023257494; it may be
# off by 1.2e-06 and is off by 0.96, 8.07e+05 times the bound; values beyond their bounds: 2 of 2
import numpy as np
import torch

layer = torch.jit.script(torch.nn.BatchNorm2d(
    2, eps=1e-05, momentum=0.9, affine=True, dtype=torch.float32
))
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0, 1.0], np.float32))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0, 0.0], np.float32))}, strict=False)
x = np.array([[[[3.1136327], [-2.8490255]], [[1.5850792], [0.14010012]]]], np.float32)
x = np.ascontiguousarray(x.transpose(3, 0, 2, 1)).transpose(1, 3, 2, 0)
dy = np.array([[[[-1.5772825], [-0.141633]], [[0.82167757], [-0.84493506]]]], np.float32)
t = torch.as_tensor(x, dtype=torch.float32).requires_grad_()
y = layer.train(True)(t)
upstream = torch.as_tensor(dy, dtype=torch.float32)
dx, dgamma, dbeta = torch.autograd.grad(y, [t, layer.weight, layer.bias], upstream)
print("dbeta[1] is", float(dbeta[1]), "and should be", -0.02325749397277832)
