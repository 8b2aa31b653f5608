"""Keras on PyTorch, JAX and NumPy: a layer of dtype float64 computes in float32.

Promised: "dtype: the dtype of the layer's computations and weights".
    https://keras.io/api/layers/base_layer/
Happens: the inputs are cast to `result_type(x.dtype, "float32")`, which on these backends is float32, and nothing is
    said. Digits behind the seventh are gone, although x, the weights and (but for JAX) y are float64.
Upstream: `BIT64_TO_BIT32_DTYPE` in keras/src/backend/common/dtypes.py does so to be like JAX.
    KERAS_BACKEND=tensorflow prints the exact numbers.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np

x = 1 + 1e-9 * np.arange(4.0)[:, None]
layer = keras.layers.BatchNormalization(dtype="float64", epsilon=1e-20)
y = keras.ops.convert_to_numpy(layer(x, training=True))
print("weights:", {w.dtype for w in layer.weights}, " y:", y.dtype)
print("y:      ", y[:, 0].round(3))
print("exactly:", ((x - x.mean()) / np.sqrt(x.var() + 1e-20))[:, 0].round(3))
print("result_type(float64, float32):", keras.backend.result_type("float64", "float32"))
