"""Keras, renorm=True: the moving variance is the square of an average, and inference is not the same.

Promised: "The inference is the same for either value of this parameter."
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: averaged is sqrt(var + epsilon), and the moving variance is that squared, less epsilon. The mean of standard
    deviations, squared, is less than the mean of variances, wherever batches differ.
Harm: inference divides by too little. What is loaded as moving_variance is forgotten in the next step.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

for renorm in (False, True):
    more = {"renorm_clipping": {"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}} if renorm else {}
    layer = keras.layers.BatchNormalization(momentum=0.9, renorm=renorm, **more)
    for step in range(200):  # of variance 1 and 25 in turn
        layer(np.float32([[-1], [1]]) * (1 + 4 * (step % 2)), training=True)
    y = np.array(layer(np.float32([[3]]), training=False)).item()
    print(f"{renorm=!s:5}: moving_variance = {layer.moving_variance.numpy().item():.3f}, y = {y:.3f}")
    layer.moving_variance.assign([100.0])
    layer(np.float32([[-1], [1]]), training=True)
    print(
        f"       loaded 100, after a batch of variance 1: {layer.moving_variance.numpy().item():.3f}, expected 90.1"
    )
