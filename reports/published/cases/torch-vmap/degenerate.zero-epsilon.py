# PyTorch nn.BatchNorm, vmap 2.13.0+cpu
# Required: epsilon = 0 works where var > 0.
# Seen: epsilon = 0 raises ValueError: batch_norm eps must be positive during training, but got 0.0
import numpy as np
import torch

layer = torch.nn.BatchNorm1d(
    1, eps=0.0, momentum=0.9, affine=True, dtype=torch.float32
)
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0], np.float32))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0], np.float32))}, strict=False)
x = np.array([[2.1136327], [1.8490256], [-2.2566664], [-0.58532304]], np.float32)
try:
    affine, buffers = torch.func.stack_module_state([layer, layer])
    t = torch.as_tensor(x, dtype=torch.float32).requires_grad_()
    y = torch.func.vmap(
        lambda *state: torch.func.functional_call(layer.train(True), state, (t,))
    )(affine, buffers)[1]
    layer.load_state_dict({name: value[1] for name, value in buffers.items()}, strict=False)
    print("y =", y)
except Exception as error:
    print("raised", repr(error))
