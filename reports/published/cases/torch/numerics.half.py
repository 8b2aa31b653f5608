# PyTorch nn.BatchNorm 2.13.0+cpu
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[1, 0] is -1.00097656, exactly -0.999729046; it may be off by 0.00049 and is off by 0.0012,
# 2.55 times the bound; values beyond their bounds: 1 of 2
import numpy as np
import torch

layer = torch.nn.BatchNorm1d(
    1, eps=0.001, momentum=0.9, affine=True, dtype=torch.float16
)
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0], np.float16))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0], np.float16))}, strict=False)
x = np.array([[3.54], [0.8228]], np.float16)
y = layer.train(True)(torch.as_tensor(x, dtype=torch.float16))
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9997290462026768)
