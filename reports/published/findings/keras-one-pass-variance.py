"""Keras on PyTorch and NumPy: the variance is E[x^2] - E[x]^2, and turns out negative.

Promised: a transformation that "maintains the mean output close to 0 and the output standard deviation close to 1".
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: `keras.ops.moments` subtracts two numbers that agree in their leading digits. With data some ten
    standard deviations from zero digits are lost, with more the variance is noise, and where it is below
    -epsilon every output is NaN. The error grows like the square of mean / std, where it need not grow faster
    than mean / std itself.
Upstream: https://github.com/keras-team/keras/pull/18795 mended the same in the TensorFlow and JAX backends (2023);
    PyTorch and NumPy still have it. KERAS_BACKEND=numpy prints as bad numbers, KERAS_BACKEND=tensorflow right ones.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np

for mean in (0, 10, 100, 1000):
    x = np.float32(mean) + np.float32(0.01) * np.arange(64, dtype=np.float32)[:, None]
    y = keras.ops.convert_to_numpy(keras.layers.BatchNormalization(epsilon=1e-5)(x, training=True))
    exact = (x - x.mean(dtype=float)) / np.sqrt(x.var(dtype=float) + 1e-5)
    print(f"mean {mean:4}: y[0] = {y[0, 0]:8.4f}, exactly {exact[0, 0]:8.4f}")
_, variance = keras.ops.moments(np.full((64, 1), 1000.1, np.float32), axes=[0])
print("variance of 64 times 1000.1:", keras.ops.convert_to_numpy(variance)[0])
