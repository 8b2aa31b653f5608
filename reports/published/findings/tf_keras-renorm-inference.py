"""Keras 2, renorm=True: the moving variance is the square of an average, and inference is not the same.

Promised: "The inference is the same for either value of this parameter."
    https://www.tensorflow.org/api_docs/python/tf/compat/v1/layers/BatchNormalization
Happens: averaged is sqrt(var + epsilon), and the moving variance is that squared, less epsilon. The mean of standard
    deviations, squared, is less than the mean of variances, wherever batches differ.
Harm: inference divides by too little. What is loaded as moving_variance is forgotten in the next step.
    And float64 is not taken.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tf_keras

for renorm in (False, True):
    more = {"renorm_clipping": {"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}} if renorm else {}
    layer = tf_keras.layers.BatchNormalization(momentum=0.9, renorm=renorm, **more)
    for step in range(200):  # of variance 1 and 25 in turn
        layer(np.float32([[-1], [1]]) * (1 + 4 * (step % 2)), training=True)
    y = np.array(layer(np.float32([[3]]), training=False)).item()
    print(f"{renorm=!s:5}: moving_variance = {layer.moving_variance.numpy().item():.3f}, y = {y:.3f}")
    layer.moving_variance.assign([100.0])
    layer(np.float32([[-1], [1]]), training=True)
    print(
        f"       loaded 100, after a batch of variance 1: {layer.moving_variance.numpy().item():.3f}, expected 90.1"
    )
try:
    tf_keras.layers.BatchNormalization(dtype="float64", renorm=True)(np.ones((2, 1)), training=True)
except Exception as error:
    print("renorm in float64:", type(error).__name__)
