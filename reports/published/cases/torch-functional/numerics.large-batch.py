# PyTorch functional.batch_norm 2.13.0+cpu
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is 0.000288120093, exactly 0; it may be off by 6e-05 and is off by 0.00029, 4.8
# times the bound; values beyond their bounds: 900 of 900
import numpy as np
import torch
import torch.nn.functional as F

gamma = beta = running_mean = running_var = None

gamma = torch.as_tensor(np.array([1.0], np.float32), dtype=torch.float32)
beta = torch.as_tensor(np.array([0.0], np.float32), dtype=torch.float32)
x = np.full((900, 1), 0.83883595, np.float32)
y = F.batch_norm(
    torch.as_tensor(x, dtype=torch.float32),
    *((None, None) if True else (running_mean, running_var)),
    gamma,
    beta,
    training=True,
    eps=0.001,
)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
