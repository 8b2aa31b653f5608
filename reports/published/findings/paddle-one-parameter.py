"""PaddlePaddle: with gamma but no beta, or beta but no gamma, there is no gradient of the one there is.

Promised: with bias_attr=False there is no bias; the weight is a parameter like any other.
    https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/BatchNorm1D_en.html
Happens: the gradient of weight is None, and backward() leaves weight.grad None; with weight_attr=False so is that of
    bias. With both parameters, both have one.
Harm: the parameter never learns, and nothing is said: optimisers pass over what has no gradient.
Upstream: known as not supported, in 2.0 with an error: https://github.com/PaddlePaddle/Paddle/issues/32331 (2021);
    a check came in https://github.com/PaddlePaddle/Paddle/pull/47634 (2022). 3.3.1 says nothing.
"""

import warnings

warnings.simplefilter("ignore")
import paddle

x = paddle.to_tensor([[1.0], [2.0], [4.0]])
for left_out in ({}, {"bias_attr": False}, {"weight_attr": False}):
    layer = paddle.nn.BatchNorm1D(1, **left_out)
    (layer(x) * paddle.to_tensor([[1.0], [0.0], [0.0]])).sum().backward()
    for name, each in layer.named_parameters():
        if each.trainable:
            grad = None if each.grad is None else round(each.grad.item(), 3)
            print(f"{left_out or 'both'}: the gradient of {name} is {grad}")
print("exactly -1.069 for weight and 1 for bias, whatever else there is")
