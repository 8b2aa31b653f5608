"""PaddlePaddle: a training call after a call in evaluation mode silently changes the gradients of the latter.

Promised: `paddle.grad` "computes the sum of gradients of outputs with respect to each inputs".
    https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/grad_en.html
Happens: the backward pass of evaluation mode reads the running mean and variance as they are by then, as that of
    PyTorch does. A training call in between changes both in place, and nothing is said.
Harm: a loss that takes a layer in both modes before one backward pass, such as a consistency or a distillation loss.
Upstream: no report found.
"""

import paddle

layer = paddle.nn.BatchNorm1D(1)
state = {name: value.clone() for name, value in layer.state_dict().items()}
x = paddle.to_tensor([[1.0], [2.0]], stop_gradient=False)
for between in ("nothing", "a training call"):
    layer.set_state_dict(state)
    layer.eval()
    y = layer(x)
    if between == "a training call":
        layer.train()
        layer(paddle.to_tensor([[0.0], [60.0]]))
    dx, dgamma, _ = paddle.grad([y.sum()], [x, layer.weight, layer.bias])
    print(f"{between}: dx {dx.flatten().tolist()}, dgamma {dgamma.item():.3f}")
