# MXNet gluon.nn.BatchNorm 1.9.1
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is 0.000288384239, exactly 0; it may be off by 6e-05 and is off by 0.00029, 4.8
# times the bound; values beyond their bounds: 900 of 900
import mxnet as mx
import numpy as np

layer = mx.gluon.nn.BatchNorm(
    axis=1, momentum=0.1, epsilon=0.001, center=True, scale=True, in_channels=1
)
layer.initialize()
layer.cast("float32")
layer.gamma.set_data(mx.nd.array(np.array([1.0], np.float32)))
layer.beta.set_data(mx.nd.array(np.array([0.0], np.float32)))
x = np.full((900, 1), 0.83883595, np.float32)
with mx.autograd.record(train_mode=True):
    y = layer(mx.nd.array(x, dtype="float32"))
y = y.asnumpy()
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
