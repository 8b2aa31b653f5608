"""PaddlePaddle: with one value per feature training gives x itself, past gamma and beta.

Promised: y = gamma (x - mean) / sqrt(var + epsilon) + beta, which of one value is beta, whatever it is.
    https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/BatchNorm1D_en.html
Happens: the kernel copies x to y where there is nothing to average over. Neither gamma nor beta is applied, the
    gradient of beta is zero, and the running statistics stay. The same two rows give beta.
Harm: the last batch of an epoch, where it has one sample, passes unnormalised, and nothing is said.
Upstream: wanted so in https://github.com/PaddlePaddle/Paddle/issues/11445 (2018).
"""

import warnings

warnings.simplefilter("ignore")
import paddle

layer = paddle.nn.BatchNorm1D(1)
layer.weight.set_value(paddle.to_tensor([2.0]))
layer.bias.set_value(paddle.to_tensor([3.0]))
for rows in (1, 2):
    x = paddle.to_tensor([[5.0]] * rows, stop_gradient=False)
    y = layer(x)
    *_, gradient = paddle.grad([y], [x, layer.weight, layer.bias], [paddle.ones_like(y)])
    print(f"x = 5 in {rows} row{'s' * (rows > 1)}: y = {y.flatten().tolist()}, dbeta = {gradient.tolist()}")
print("exactly y = 3, and dbeta the number of rows")
