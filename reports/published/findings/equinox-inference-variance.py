"""Equinox, mode="batch": after n training steps inference divides by a variance that is too large by m^n / (1 - m^n).

Promised: "For inference the exponential running mean and unbiased variance are used for normalization."
    https://docs.kidger.site/equinox/api/nn/normalisation/#equinox.nn.BatchNorm
Happens: the kept variance starts from 1, and is divided by 1 - momentum^n as if it had started from 0. With the
    default momentum 0.99 that adds 99 after the first step, and 0.6 after a hundred: the outputs are too small. The
    variance kept is the biased one, too.
Upstream: https://github.com/patrick-kidger/equinox/issues/1010 made the start 1, for inference before any training.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import equinox as eqx
import jax
import numpy as np

x = np.array([[-1.0], [1.0]], np.float32)
layer, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(1, axis_name="batch", mode="batch")
over = {"axis_name": "batch", "in_axes": (0, None), "out_axes": (0, None)}
for step in range(1, 501):
    y, state = jax.vmap(layer, **over)(x, state)
    if step in (1, 10, 100, 500):
        again, _ = jax.vmap(eqx.nn.inference_mode(layer), **over)(x, state)
        print(
            f"{step:3} times the batch [-1, 1]: training {y[1, 0]:.4f}, inference {again[1, 0]:.4f}, exactly 1"
        )
