"""MXNet: the running statistics are updated by the backward pass, and not by a forward pass in training.

Promised: "global statistics for the whole dataset, which are updated by: moving_mean = moving_mean * momentum +
    data_mean * (1 - momentum)". Nothing is said of the backward pass.
    https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/ndarray/ndarray.html#mxnet.ndarray.BatchNorm
Happens: forward passes in training leave them as they were initialised; a backward pass moves them.
Harm: renewing the statistics by forward passes alone, as is done for averaged or fine-tuned weights, does nothing.
"""

import mxnet as mx

layer = mx.gluon.nn.BatchNorm(in_channels=1)
layer.initialize()
x = mx.nd.array([[10.0], [12.0]])
with mx.autograd.record():
    y = layer(x)
y.wait_to_read()
print(
    "after a forward pass in training:",
    layer.running_mean.data().asscalar(),
    layer.running_var.data().asscalar(),
)
y.backward()
mx.nd.waitall()
print(
    "after its backward pass:         ",
    layer.running_mean.data().asscalar(),
    layer.running_var.data().asscalar(),
)
