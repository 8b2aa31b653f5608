"""PyTorch on the CPU: where an axis has size 1, a transposed upstream gradient silently gives wrong gradients.

Promised: `backward` "computes the gradient of current tensor wrt graph leaves".
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
Happens: BatchNorm2d and BatchNorm3d mix up the features in dx, dgamma and dbeta, in training and in inference. y is
    right. The loss below is the sum of feature 0 and of 10 times feature 1, so dbeta is (6, 60), and dgamma and dx
    are 0. It takes three things. N, D, H or W is 1, and C is not. Either x or the upstream gradient has features
    last in memory, and the other has not. The one with features last is a view, whose strides along the axes of
    size 1 are not those of channels_last.
Harm: BatchNorm2d on sequences or point clouds of shape (N, C, L, 1), before squeeze(-1).transpose(1, 2) and a linear
    layer. One image of shape (H, W, C) as permute(2, 0, 1).unsqueeze(0), with flatten or a mean squared error after
    the layer.
Since: 1.10.0, and still in 2.14.1. 1.9.1 is right. For BatchNorm3d, 1.12.1 is right as well.
Upstream: no report found. In aten/src/ATen/native/Normalization.cpp, batch_norm_backward_cpu_template checks that x
    and the gradient are each contiguous in one of the two orders, and that suggest_memory_format is the same for
    both. The first check ignores the strides of axes of size 1, and the second does not. So a gradient with features
    last passes the one as channels last and the other as contiguous. batch_norm_cpu_backward_kernel then takes
    the order from x alone. In nightly builds of 1.10 y had this fault too, and it was repaired there:
    https://github.com/pytorch/pytorch/issues/63224
"""

import torch

x = torch.arange(12.0).square().reshape(2, 2, 3, 1).requires_grad_()
for gradient in ("as it comes", "copied"):
    bn = torch.nn.BatchNorm2d(2)
    y = bn(x)
    if gradient == "copied":
        y.register_hook(torch.Tensor.contiguous)
    loss = (y.squeeze(-1).transpose(1, 2) @ torch.tensor([1.0, 10.0])).sum()
    dx, dgamma, dbeta = torch.autograd.grad(loss, (x, bn.weight, bn.bias))
    print(f"{gradient:11}: dbeta {dbeta.tolist()}, dgamma {dgamma.abs().max():.3f}, dx {dx.abs().max():.3f}")
