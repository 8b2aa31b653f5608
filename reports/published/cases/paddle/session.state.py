# PaddlePaddle nn.BatchNorm 3.3.1
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: no convention in use explains the running statistics. The closest is: zero-debiased,
# momentum is the weight kept, unbiased variance; by it, after 1 training call, the running mean of
# feature 0 is 0, exactly 3.11363268; it may be off by 1e-05 and is off by 3.1, 3.11e+05 times the
# bound; values beyond their bounds: 1 of 1
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
        ("NCL", "NCHW", "NCDHW") if 1 % len((2, 1)) == 1 else ("NLC", "NHWC", "NDHWC")
    )[1 - 1],
)
running_mean = np.ravel(layer._mean.numpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 3.1136326789855957)
