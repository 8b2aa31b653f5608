"""PyTorch on the CPU: with features last, the error of the mean grows with the batch, until y is -0.96 for 0.

Promised: "mean and standard-deviation are calculated per-dimension over the mini-batches".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
Happens: for a (N, C) or channels-last input each thread adds up its share of a feature's values in float32, one after
    the other. On constant features the roundings all go the same way. With the same numbers laid out (1, C, N) the
    sums are cascaded, and right. What comes out depends on the number of threads.
Harm: point clouds, tabular data and per-pixel features have such batches; a feature that hardly varies is shifted
    by what should be no more than 1e-6.
"""

import torch

torch.set_num_threads(1)
for n in (10**4, 10**5, 10**6, 10**7):
    x = torch.full((n, 1), 0.1)
    rows = torch.nn.functional.batch_norm(x, None, None, training=True)
    columns = torch.nn.functional.batch_norm(x.T.reshape(1, 1, n), None, None, training=True)
    print(f"N = {n:>10,}: y = {rows[0, 0]:9.6f} for (N, 1), {columns[0, 0, 0]:9.6f} for (1, 1, N), exactly 0")
