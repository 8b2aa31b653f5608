"""TensorFlow on the CPU: the error of tf.nn.moments over the batch axis grows with the batch.

Promised: "Calculate the mean and variance of x." https://www.tensorflow.org/api_docs/python/tf/nn/moments
Happens: float32 sums over the outer axis run over all N values one after the other, and on constant features the
    roundings all go the same way. Over the inner axis they do not. Keras on TensorFlow inherits it, and Keras on
    NumPy has the same from NumPy's mean over the first axis.
Harm: as for PyTorch: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

for n in (10**4, 10**5, 10**6, 10**7):
    found = []
    for shape, axis in (((n, 2), 0), ((2, n), 1)):
        x = tf.fill(shape, 0.1)
        mean, variance = tf.nn.moments(x, [axis], keepdims=True)
        found.append(float(tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)[0, 0]))
    print(f"N = {n:>10,}: y = {found[0]:9.6f} over axis 0, {found[1]:9.6f} over axis 1, exactly 0")
