# PaddlePaddle nn.BatchNorm 3.3.1
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dgamma after a training call is missing
import numpy as np
import paddle

paddle.set_default_dtype("float32")
layer = paddle.nn.BatchNorm1D(
    1,
    momentum=0.9,
    epsilon=1e-05,
    weight_attr=None if True else False,
    bias_attr=None if False else False,
    data_format=(
        ("NCL", "NCHW", "NCDHW") if 1 % len((2, 1)) == 1 else ("NLC", "NHWC", "NDHWC")
    )[1 - 1],
)
print("gamma =", layer.weight.numpy())
print("running_mean =", layer._mean.numpy())
print("running_var =", layer._variance.numpy())
layer.weight.set_value(np.array([1.0], np.float32))
print("gamma =", layer.weight.numpy())
print("running_mean =", layer._mean.numpy())
print("running_var =", layer._variance.numpy())
x = np.array([[3.1136327], [-2.8490255]], np.float32)
dy = np.array([[-1.5772825], [-0.141633]], np.float32)
layer.train() if True else layer.eval()
t = paddle.to_tensor(x, stop_gradient=False)
y = layer(t)
dx, dgamma, dbeta = paddle.grad([y], [t, layer.weight, layer.bias], [paddle.to_tensor(dy)])
print("y =", y)
print("gamma =", layer.weight.numpy())
print("running_mean =", layer._mean.numpy())
print("running_var =", layer._variance.numpy())
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
print("gamma =", layer.weight.numpy())
print("running_mean =", layer._mean.numpy())
print("running_var =", layer._variance.numpy())
x2 = np.array([[0.115864724], [0.6561263]], np.float32)
layer.train() if False else layer.eval()
y = layer(paddle.to_tensor(x2))
print("y =", y)
print("gamma =", layer.weight.numpy())
print("running_mean =", layer._mean.numpy())
print("running_var =", layer._variance.numpy())
