"""neuralnetlib: one empty batch turns the running statistics to NaN."""

import warnings

import numpy as np
from neuralnetlib.layers import BatchNormalization

warnings.simplefilter("ignore")
layer = BatchNormalization()
layer.forward_pass(np.ones((0, 3)))
print("running_mean =", layer.running_mean, "running_var =", layer.running_var)
