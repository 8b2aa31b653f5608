"""PyTorch, torch.compile on the CPU: large values turn the output and the running statistics to NaN, for good.

Promised: torch.compile makes a model faster; what it computes is the model.
    https://docs.pytorch.org/docs/stable/generated/torch.compile.html
Happens: from values of 2e19 on, whose square is greater than float32 holds, the compiled layer gives NaN, where the
    layer itself still has the right output, and only for greater ones zeros. The variance of (2e19, 1e19) is 5e37,
    which float32 does hold.
Harm: the running variance is NaN as well, and stays so after batches that are sound, so that inference is lost.
"""

import torch

layer = torch.nn.BatchNorm1d(1)
compiled_layer = torch.nn.BatchNorm1d(1)
compiled = torch.compile(compiled_layer)
for scale in (1e18, 1e19, 1.0, 1e20):
    x = torch.tensor([[2.0], [1.0]]) * scale
    for kind, call, module in (("eager", layer, layer), ("compiled", compiled, compiled_layer)):
        y, var = call(x).detach().ravel().tolist(), module.running_var.item()
        print(f"{kind}: x {x.ravel().tolist()}: y {y}, running variance {var:.3g}")
