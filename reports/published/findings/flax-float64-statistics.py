"""Flax nnx: the running statistics are float32, whatever the dtype of the layer.

Promised: "dtype: the dtype of the result", "param_dtype: the dtype passed to parameter initializers"; of the
    statistics nothing. https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/normalization.html
Happens: with both float64, gamma, beta and y are, but mean and var are kept in seven digits, so that in inference a
    mean of 100 million is off by up to 4. JAX warns that the assignment will become an error. In linen only the
    initial values are float32, and with them the first step.
"""

import os
import warnings

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["JAX_ENABLE_X64"] = "1"
import numpy as np
from flax import nnx

warnings.simplefilter("ignore")
x = 1e8 + np.arange(5.0)[:, None]
layer = nnx.BatchNorm(1, momentum=0.0, dtype="float64", param_dtype="float64", rngs=nnx.Rngs(0))
print("training: ", np.asarray(layer(x)).ravel().round(3).tolist())
print("inference:", np.asarray(layer(x, use_running_average=True)).ravel().round(3).tolist())
print("mean", layer.mean[...].dtype, layer.mean[...].tolist(), "exactly", x.mean())
