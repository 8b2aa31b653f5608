# PyTorch nn.BatchNorm, vmap 2.13.0+cpu
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.00131371233, exactly 0; it may be off by 0.00039 and is off by 0.0013, 3.34
# times the bound; values beyond their bounds: 449 of 898
import base64
import zlib
import numpy as np
import torch

layer = torch.nn.BatchNorm1d(
    2, eps=0.001, momentum=0.1, affine=True, dtype=torch.float32
)
layer.load_state_dict({"weight": torch.as_tensor(np.array([1.0, 1.0], np.float32))}, strict=False)
layer.load_state_dict({"bias": torch.as_tensor(np.array([0.0, 0.0], np.float32))}, strict=False)
x = np.frombuffer(zlib.decompress(base64.b64decode(
    b"eNrtxTEBACAIALCPWpKCtqSRCAQwiNuzuJPbdcK2bdu2/cUPJ8qV/Q=="
)), np.float32).reshape((449, 2)).copy()
affine, buffers = torch.func.stack_module_state([layer, layer])
t = torch.as_tensor(x, dtype=torch.float32).requires_grad_()
y = torch.func.vmap(
    lambda *state: torch.func.functional_call(layer.train(True), state, (t,))
)(affine, buffers)[1]
layer.load_state_dict({name: value[1] for name, value in buffers.items()}, strict=False)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
