# MXNet gluon.nn.BatchNorm 1.9.1
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[0, 0] is nan, exactly 0; it may be off by 0.0091; values beyond their bounds: 2 of 2
import mxnet as mx
import numpy as np

layer = mx.gluon.nn.BatchNorm(
    axis=1, momentum=0.9, epsilon=1e-08, center=True, scale=True, in_channels=1
)
layer.initialize()
layer.cast("float16")
layer.gamma.set_data(mx.nd.array(np.array([1.0], np.float16)))
layer.beta.set_data(mx.nd.array(np.array([0.0], np.float16)))
x = np.array([[0.957], [0.957]], np.float16)
with mx.autograd.record(train_mode=True):
    y = layer(mx.nd.array(x, dtype="float16"))
y = y.asnumpy()
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
