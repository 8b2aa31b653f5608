# PyTorch functional.batch_norm 2.13.0+cpu
# Required: epsilon = 0 works where var > 0.
# Seen: epsilon = 0 raises ValueError: batch_norm eps must be positive during training, but got 0.0
import numpy as np
import torch
import torch.nn.functional as F

gamma = beta = running_mean = running_var = None

gamma = torch.as_tensor(np.array([1.0], np.float32), dtype=torch.float32)
beta = torch.as_tensor(np.array([0.0], np.float32), dtype=torch.float32)
x = np.array([[2.1136327], [1.8490256], [-2.2566664], [-0.58532304]], np.float32)
try:
    y = F.batch_norm(
        torch.as_tensor(x, dtype=torch.float32),
        *((None, None) if True else (running_mean, running_var)),
        gamma,
        beta,
        training=True,
        eps=0.0,
    )
    print("y =", y)
except Exception as error:
    print("raised", repr(error))
