"""MXNet: the error of the mean grows with the batch.

Promised: "data_mean[i] = mean(data[:,i,:,...])".
    https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/ndarray/ndarray.html#mxnet.ndarray.BatchNorm
Happens: float32 sums run over all N values one after the other, so that on constant features the roundings all go the
    same way, as in PyTorch and TensorFlow.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import mxnet as mx

layer = mx.gluon.nn.BatchNorm(in_channels=2)
layer.initialize()
for n in (10**4, 10**5, 10**6, 10**7):
    with mx.autograd.train_mode():
        y = layer(mx.nd.full((n, 2), 0.1))[0, 0]
    print(f"N = {n:>10,}: y = {y.asscalar():9.6f}, exactly 0")
