"""stax' BatchNorm takes a gamma and a beta of one number for a batch of two features."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
import numpy as np
from jax.example_libraries.stax import BatchNorm

y = BatchNorm(axis=(0,))[1]((np.zeros(1), np.ones(1)), np.ones((4, 2), np.float32))
print("gamma of one number, y of shape", y.shape)
