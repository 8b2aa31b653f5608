"""PyTorch: second derivatives by forward mode, and third ones by any, are silently wrong.

Promised: forward and reverse mode compose to any order.
    https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html
Happens: what batch_norm_backward is differentiated by takes the saved mean and 1 / s for constants. So the second
derivative by jvp of jvp and by vjp of jvp is wrong, and so is the third by torch.autograd.grad. The layer written
out in tensor operations gives the right ones.
Upstream: https://github.com/pytorch/pytorch/issues/196699, https://github.com/pytorch/pytorch/issues/186256
"""

import torch
from torch.func import jvp
from torch.nn.functional import batch_norm

torch.manual_seed(0)
x, v, w = torch.randn(3, 4, 2, dtype=torch.float64)


def written_out(x):
    d = x - x.mean(0)
    return d / (d.square().mean(0) + 1e-5).sqrt()


for f in (lambda x: batch_norm(x, None, None, training=True), written_out):
    _, twice = jvp(lambda x, f=f: jvp(f, (x,), (v,))[1], (x,), (w,))
    t = x.clone().requires_grad_()
    gradient = f(t)
    for _ in range(3):
        (gradient,) = torch.autograd.grad(gradient, t, v, create_graph=True)
    print(f"jvp of jvp: {twice[0].tolist()}, third grad: {gradient[0].tolist()}")
