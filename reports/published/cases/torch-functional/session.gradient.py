# PyTorch functional.batch_norm 2.13.0+cpu
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dbeta[1] after a training call is -0.986568093, exactly -0.023257494; it may be
# off by 1.2e-06 and is off by 0.96, 8.07e+05 times the bound; values beyond their bounds: 2 of 2
import numpy as np
import torch
import torch.nn.functional as F

gamma = beta = running_mean = running_var = None

gamma = torch.as_tensor(np.array([1.0, 1.0], np.float32), dtype=torch.float32)
beta = torch.as_tensor(np.array([0.0, 0.0], np.float32), dtype=torch.float32)
running_mean = torch.as_tensor(np.array([0.6327895, 0.8645982], np.float32), dtype=torch.float32)
running_var = torch.as_tensor(np.array([1.7389386, 2.67101], np.float32), dtype=torch.float32)
x = np.array([[[[3.1136327], [-2.8490255]], [[1.5850792], [0.14010012]]]], np.float32)
x = np.ascontiguousarray(x.transpose(3, 0, 2, 1)).transpose(1, 3, 2, 0)
dy = np.array([[[[-1.5772825], [-0.141633]], [[0.82167757], [-0.84493506]]]], np.float32)
t, *affine = (
    torch.as_tensor(each, dtype=torch.float32).requires_grad_() for each in (x, gamma, beta)
)
statistics = (None, None) if True else (running_mean, running_var)
y = F.batch_norm(t, *statistics, *affine, training=True, eps=1e-05)
dx, dgamma, dbeta = torch.autograd.grad(y, [t, *affine], torch.as_tensor(dy, dtype=torch.float32))
print("dbeta[1] is", float(dbeta[1]), "and should be", -0.02325749397277832)
