"""PyTorch Geometric's HeteroBatchNorm takes the statistics for constants, and epsilon for the least variance."""

import torch
from torch_geometric.nn import BatchNorm, HeteroBatchNorm

torch.manual_seed(0)
x, dy, kinds = torch.randn(5, 1), torch.randn(5, 1), torch.zeros(5, dtype=torch.long)
layers = {"of one type": lambda t: HeteroBatchNorm(1, 1, eps=0.5)(t, kinds), "plain": BatchNorm(1, eps=0.5)}
for words, layer in layers.items():
    t = x.clone().requires_grad_()
    y = layer(t)
    y.backward(dy)
    print(f"{words}: y = {y.ravel().tolist()}, dx = {t.grad.ravel().tolist()}")
