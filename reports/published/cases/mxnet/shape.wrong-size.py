# MXNet gluon.nn.BatchNorm 1.9.1
# Required: Loading n + 1 values or an (n, m) matrix, or applying the layer to n + 1 features, is an
# error that can be read: not a crash, not a silent broadcast.
# Seen: a layer of 1 feature was applied to x of shape (2, 2), axis 1, which has 2, without an
# error: y has shape (2, 2)
import mxnet as mx
import numpy as np

layer6 = mx.gluon.nn.BatchNorm(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, in_channels=1
)
layer6.initialize()
layer6.cast("float32")
layer6.gamma.set_data(mx.nd.array(np.array([1.0], np.float32)))
layer6.beta.set_data(mx.nd.array(np.array([0.0], np.float32)))
layer6.running_mean.set_data(mx.nd.array(np.array([0.6327895], np.float32)))
layer6.running_var.set_data(mx.nd.array(np.array([1.7389386], np.float32)))
x = np.array([[3.1136327, 3.1136327], [-2.8490255, -2.8490255]], np.float32)
with mx.autograd.record(train_mode=True):
    y = layer6(mx.nd.array(x, dtype="float32"))
y = y.asnumpy()
print("y =", y)
