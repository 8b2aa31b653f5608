# PaddlePaddle nn.BatchNorm 3.3.1
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is 0.000288009644, exactly 0; it may be off by 6e-05 and is off by 0.00029, 4.79
# times the bound; values beyond their bounds: 900 of 900
import numpy as np
import paddle

paddle.set_default_dtype("float32")
layer = paddle.nn.BatchNorm1D(
    1,
    momentum=0.1,
    epsilon=0.001,
    weight_attr=None if True else False,
    bias_attr=None if True else False,
    data_format=(
        ("NCL", "NCHW", "NCDHW") if 1 % len((900, 1)) == 1 else ("NLC", "NHWC", "NDHWC")
    )[1 - 1],
)
layer.weight.set_value(np.array([1.0], np.float32))
layer.bias.set_value(np.array([0.0], np.float32))
x = np.full((900, 1), 0.83883595, np.float32)
layer.train() if True else layer.eval()
y = layer(paddle.to_tensor(x))
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
