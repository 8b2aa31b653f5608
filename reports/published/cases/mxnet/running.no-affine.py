# MXNet gluon.nn.BatchNorm 1.9.1
# Required: A layer with neither gamma nor beta keeps its statistics like any other.
# Seen: no convention in use explains the running statistics. Closest is: zero-debiased, momentum is
# the weight kept, biased variance; there, after 1 step, running mean [0] is 0, exactly 1.98132914;
# it may be off by 6.4e-06 and is off by 2, 3.11e+05 times the bound; 1 of 1 values are beyond
# theirs
import mxnet as mx
import numpy as np

layer = mx.gluon.nn.BatchNorm(
    axis=1, momentum=0.9, epsilon=1e-05, center=False, scale=False, in_channels=1
)
layer.initialize()
layer.cast("float32")
running_mean = np.ravel(layer.running_mean.data().asnumpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 1.9813291430473328)
