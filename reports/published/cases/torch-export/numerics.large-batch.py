# PyTorch nn.BatchNorm, torch.export 2.13.0+cpu
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is 0.0003399259, exactly 0; it may be off by 6.2e-05 and is off by 0.00034, 5.48
# times the bound; values beyond their bounds: 975 of 975
import numpy as np
import torch

layer = torch.nn.BatchNorm1d(
    1, eps=0.001, momentum=0.1, affine=True, dtype=torch.float32
)
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0], np.float32))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0], np.float32))}, strict=False)
x = np.full((975, 1), 0.83883595, np.float32)
t = torch.as_tensor(x, dtype=torch.float32)
y = torch.export.export(
    layer.train(True), (t,)
).module()(t)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
