"""stax' BatchNorm computes E[x^2] - E[x]^2, which cancels where the mean is large."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
import numpy as np
from jax.example_libraries.stax import BatchNorm

x = np.array([[9999], [10000], [10001], [10002]], np.float32)
y = BatchNorm(axis=(0,), epsilon=1e-5)[1]((np.zeros(1), np.ones(1)), x)
print("y =", np.ravel(y), "and should be", np.ravel((x - x.mean()) / x.std()))
