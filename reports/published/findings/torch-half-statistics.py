"""PyTorch on the CPU: for half-precision input, mean and 1 / std are rounded to half before they are used.

Promised: nothing. But with float32 parameters the same layer does better on the same input, at the same size of y.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
Happens: the statistics are as precise as the input, so that with a mean of 8 standard deviations all outputs of a
    feature are off by up to half a unit in the last place of the mean, whatever the size of the batch.
Harm: with a mean of 8 standard deviations, a systematic shift by 3 % of one in bfloat16, 4 times the rounding of y.
"""

import torch

torch.manual_seed(0)
for dtype in (torch.float16, torch.bfloat16):
    x = (torch.randn(4096, 1) + 8.3).to(dtype)
    exact = (x.double() - x.double().mean()) / (x.double().var(correction=0) + 1e-5).sqrt()
    for parameters in (dtype, torch.float32):
        y = torch.nn.BatchNorm1d(1, dtype=parameters)(x)
        off = (y.double() - exact).abs().max().item()
        print(f"{dtype} input, {parameters} parameters: y {y.dtype} is off by up to {off:.4f}")
