# PyTorch nn.BatchNorm, vmap 2.13.0+cpu
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[1, 0] is -2.2890625, exactly -2.29018346; it may be off by 0.0011 and is off by 0.0011,
# just over the bound; values beyond their bounds: 1 of 2
import numpy as np
import torch

layer = torch.nn.BatchNorm1d(
    1, eps=0.001, momentum=0.9, affine=True, dtype=torch.float16
)
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0], np.float16))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0], np.float16))}, strict=False)
layer.load_state_dict({"running_mean": torch.as_tensor(np.array([1.096], np.float16))}, strict=False)
layer.load_state_dict({"running_var": torch.as_tensor(np.array([2.047], np.float16))}, strict=False)
x = np.array([[2.385], [-2.182]], np.float16)
affine, buffers = torch.func.stack_module_state([layer, layer])
t = torch.as_tensor(x, dtype=torch.float16).requires_grad_()
y = torch.func.vmap(
    lambda *state: torch.func.functional_call(layer.train(False), state, (t,))
)(affine, buffers)[1]
layer.load_state_dict({name: value[1] for name, value in buffers.items()}, strict=False)
print("y[1, 0] is", float(y[1, 0]), "and should be", -2.2901834577422235)
