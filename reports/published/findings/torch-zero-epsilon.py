"""PyTorch: epsilon = 0 is refused in training.

Promised: "eps: a value added to the denominator for numerical stability. Default: 1e-5". No limit is documented.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
Happens: a ValueError, although the batch's variance is 1. Inference takes it.
Harm: little; the error says what to do. Other frameworks take 0.
"""

import torch

layer = torch.nn.BatchNorm1d(1, eps=0.0)
try:
    print(layer(torch.tensor([[-1.0], [1.0]])))
except ValueError as error:
    print("training: ", error)
print("inference:", layer.eval()(torch.tensor([[-1.0], [1.0]])).flatten().tolist())
