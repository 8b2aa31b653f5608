"""TensorFlow's tf.nn.moments under XLA, on the CPU: the error of the mean grows with the batch.

Promised: the mean and the variance of the batch.
    https://www.tensorflow.org/api_docs/python/tf/nn/moments
Happens: float32 sums over the batch run over all N values one after the other, so that on constant features the
    roundings all go the same way, less so than in TensorFlow itself.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf


@tf.function(jit_compile=True)
def normalise(x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)


for n in (10**4, 10**5, 10**6, 10**7):
    y = normalise(tf.fill((n, 2), 0.1))[0, 0]
    print(f"N = {n:>10,}: y = {float(y):9.6f}, exactly 0")
