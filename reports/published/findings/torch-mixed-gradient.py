"""PyTorch on the CPU: beside parameters in float32, dx of a float16 x that is not contiguous is infinite.

Promised: mixed precision sums in float32.
    https://docs.pytorch.org/docs/stable/amp.html
Happens: where x is not contiguous, the sum of dy (x - mean) is held in float16, which ends at 65,504. A scaled loss
gets there soon. The same x, contiguous, gives the right gradient.
Upstream: https://github.com/pytorch/pytorch/issues/147303 is the same of float16 parameters.
"""

import torch

torch.manual_seed(0)
x, dy = (512 * torch.randn(64, 3)).half(), (64 * torch.randn(64, 3)).half()
for words, t in (("contiguous", x), ("transposed", x.t().contiguous().t())):
    t = t.requires_grad_()
    (dx,) = torch.autograd.grad(torch.nn.BatchNorm1d(3)(t), t, dy)
    print(f"{words}: dx[0] = {dx[0].tolist()}")
t = x.double().requires_grad_()
(dx,) = torch.autograd.grad(torch.nn.BatchNorm1d(3).double()(t), t, dy.double())
print(f"and should be: {dx[0].tolist()}")
