# PaddlePaddle nn.BatchNorm 3.3.1
# Required: One value per feature in training gives beta, or a clear error.
# Seen: y[0, 0] is 2.11363268, exactly 0; it may be off by 0.00064 and is off by 2.1, 3.32e+03 times
# the bound; values beyond their bounds: 1 of 1
import numpy as np
import paddle

paddle.set_default_dtype("float32")
layer = paddle.nn.BatchNorm1D(
    1,
    momentum=0.9,
    epsilon=1e-05,
    weight_attr=None if True else False,
    bias_attr=None if True else False,
    data_format=(
        ("NCL", "NCHW", "NCDHW") if 1 % len((1, 1)) == 1 else ("NLC", "NHWC", "NDHWC")
    )[1 - 1],
)
layer.weight.set_value(np.array([1.0], np.float32))
layer.bias.set_value(np.array([0.0], np.float32))
x = np.array([[2.1136327]], np.float32)
layer.train() if True else layer.eval()
y = layer(paddle.to_tensor(x))
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
