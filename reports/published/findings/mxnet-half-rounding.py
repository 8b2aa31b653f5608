"""MXNet, float16: y and the gradients are composed in float16, from factors rounded to it.

Promised: nothing but the definition; the parameters and statistics stay float32, which `cast("float16")` sees to.
    https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/nn/index.html#mxnet.gluon.nn.BatchNorm
Happens: products are rounded to float16 one by one, and y is off by more than one last place.
Harm: little, about one bit.
"""

import mxnet as mx
import numpy as np

layer = mx.gluon.nn.BatchNorm(epsilon=0.001, in_channels=1)
layer.initialize()
layer.cast("float16")
for name, value in (("gamma", -2.129), ("running_mean", -0.07544), ("running_var", 1.167)):
    getattr(layer, name).set_data(mx.nd.array([np.float16(value)]))
y = layer(mx.nd.array(np.array([[0.9985]], "float16"), dtype="float16")).asscalar()
print("y =", float(y), "and rounded from the exact -2.1155855 it is", float(np.float16(-2.1155855)))
