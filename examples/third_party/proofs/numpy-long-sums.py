"""NumPy adds rows one by one: the mean over the first axis is off by more than sqrt(N) roundings, and so is y."""

import numpy as np

x = np.full((100_000, 2), 0.1, np.float32)
print("by rows:", x.mean(0)[0], "in pairs:", np.ascontiguousarray(x.T).mean(1)[0], "and should be", x[0, 0])
