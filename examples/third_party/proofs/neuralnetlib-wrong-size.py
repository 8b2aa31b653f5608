"""neuralnetlib: a layer of one feature takes a batch of two, and broadcasts."""

import numpy as np
from neuralnetlib.layers import BatchNormalization

layer = BatchNormalization()
layer.forward_pass(np.ones((4, 1)))
print(
    "of one feature:", layer.gamma.shape, "applied to two:", layer.forward_pass(np.ones((4, 2)), False).shape
)
