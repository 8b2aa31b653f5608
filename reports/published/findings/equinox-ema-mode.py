"""Equinox, mode="ema", the default: training does not normalise by the batch.

Promised: "With mode = 'ema' exponential running means and variances are kept. During training the batch statistics
    are used to fill in the running statistics until they are populated."
    https://docs.kidger.site/equinox/api/nn/normalisation/#equinox.nn.BatchNorm
Happens: the first batch is normalised by its own mean and variance. Every later one is normalised by the running
    ones, with this batch averaged in: a batch unlike those before has neither mean 0 nor variance 1.
Upstream: https://github.com/patrick-kidger/equinox/issues/659 reports unstable training; a warning advises "batch".
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import equinox as eqx
import jax
import numpy as np

layer, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(1, axis_name="batch", mode="ema")
for shift in (0, 0, 10):
    x = np.array([[-1.0], [1.0]], np.float32) + np.float32(shift)
    y, state = jax.vmap(layer, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)
    print(
        "x =", x.ravel().tolist(), " y =", np.asarray(y, float).ravel().round(3).tolist(), " exactly [-1, 1]"
    )
