# MXNet gluon.nn.BatchNorm 1.9.1
# Required: A layer with neither gamma nor beta keeps its statistics like any other.
# Seen: no convention in use explains the running statistics. The closest is: zero-debiased,
# momentum is the weight kept, biased variance; by it, after 1 training call, the running variance
# of feature 0 is 1, exactly 8.8883231; it may be off by 5.5e-05 and is off by 7.9, 1.43e+05 times
# the bound; values beyond their bounds: 1 of 1
import mxnet as mx
import numpy as np

layer = mx.gluon.nn.BatchNorm(
    axis=1, momentum=0.9, epsilon=1e-05, center=False, scale=False, in_channels=1
)
layer.initialize()
layer.cast("float32")
running_var = np.ravel(layer.running_var.data().asnumpy())
print("running_var[0] is", float(running_var[0]), "and should be", 8.888323103781218)
