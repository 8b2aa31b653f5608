"""MXNet: a layer for one feature takes two, and the second is lost.

Promised: "in_channels: Number of channels (feature maps) in input data".
    https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/nn/index.html#mxnet.gluon.nn.BatchNorm
Happens: the extent of x is not compared with in_channels; in training the second feature of y is not normalised, and
    nothing is said.
Harm: a mistake in a shape passes unseen, and the numbers are wrong.
"""

import mxnet as mx

layer = mx.gluon.nn.BatchNorm(in_channels=1)
layer.initialize()
with mx.autograd.train_mode():
    y = layer(mx.nd.array([[1.0, 10.0], [2.0, 20.0]]))
print(
    "y has shape", y.shape, "and its second feature is normalised:", bool(abs(y[1, 1].asscalar() - 1) < 0.1)
)
