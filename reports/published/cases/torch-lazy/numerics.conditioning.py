# PyTorch nn.LazyBatchNorm 2.13.0+cpu
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[5, 0] is -0.0520019531, exactly -0.0519215519; it may be off by 2.6e-05 and is off by
# 8e-05, 3.1 times the bound; 1 of 8 values are beyond theirs
import numpy as np
import torch

layer = torch.nn.LazyBatchNorm1d(
    eps=0.001, momentum=0.9, affine=True, dtype=torch.float16
)
layer.initialize_parameters(torch.empty((8, 1)))
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0], np.float16))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0], np.float16))}, strict=False)
x = np.array([
    [2.113],
    [1.849],
    [-2.256],
    [-0.5854],
    [0.9854],
    [0.1934],
    [0.762],
    [-0.9414],
], np.float16)
y = layer.train(True)(torch.as_tensor(x, dtype=torch.float16))
print("y[5, 0] is", float(y[5, 0]), "and should be", -0.05192155192884518)
