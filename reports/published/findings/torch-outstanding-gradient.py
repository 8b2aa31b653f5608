"""PyTorch: a training call after a call in evaluation mode silently changes the gradients of the latter.

Promised: "if you're using in-place functions and not seeing any errors, you can be sure that the computed gradients
    are correct". https://docs.pytorch.org/docs/stable/autograd.html#in-place-correctness-checks
Happens: the backward pass of evaluation mode reads running_mean and running_var as they are by then. A training call
    in between changes both in place, and autograd is not told. dx and dgamma are those of other statistics, as far
    off as these moved. Loading a state dict in between does raise the error that is promised.
Harm: a loss that takes a layer in both modes before one backward pass: virtual adversarial training, consistency and
    distillation losses with the teacher's batch in evaluation mode, a validation loss kept for later.
Upstream: reported in 2018, and open: https://github.com/pytorch/pytorch/issues/13402
"""

import torch

layer = torch.nn.BatchNorm1d(1)
x = torch.tensor([[1.0], [2.0]], requires_grad=True)
for between in ("nothing", "a training call", "a loaded state"):
    layer.load_state_dict(
        {**layer.state_dict(), "running_mean": torch.zeros(1), "running_var": torch.ones(1)}
    )
    y = layer.eval()(x)
    if between == "a training call":
        layer.train()(torch.tensor([[0.0], [60.0]]))
    if between == "a loaded state":
        layer.load_state_dict(layer.state_dict())
    try:
        dx, dgamma = torch.autograd.grad(y.sum(), (x, layer.weight))
        print(f"{between}: dx {dx.flatten().tolist()}, dgamma {dgamma.item():.3f}")
    except RuntimeError as error:
        print(f"{between}: {str(error)[:90]}")
