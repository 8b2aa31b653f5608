# PyTorch nn.LazyBatchNorm 2.13.0+cpu
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.00109291088, exactly 0; it may be off by 0.00038 and is off by 0.0011, 2.86
# times the bound; 412 of 412 values are beyond theirs
import numpy as np
import torch

layer = torch.nn.LazyBatchNorm1d(
    eps=0.001, momentum=0.1, affine=True, dtype=torch.float32
)
layer.initialize_parameters(torch.empty((412, 1)))
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0], np.float32))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0], np.float32))}, strict=False)
x = np.full((412, 1), 7.152713, np.float32)
y = layer.train(True)(torch.as_tensor(x, dtype=torch.float32))
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
