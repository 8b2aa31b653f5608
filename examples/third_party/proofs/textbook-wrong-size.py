"""The formula of textbooks broadcasts a gamma of one number along any number of features."""

import numpy as np

x, gamma, beta = np.arange(8.0).reshape(4, 2), np.ones(1), np.zeros(1)
print(
    "y has shape", (gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) + beta).shape, "of gamma", gamma.shape
)
