"""TensorFlow's fused kernel for images on the CPU: the error of the mean grows with the batch.

Promised: the mean and the variance of the batch.
    https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/fused_batch_norm
Happens: float32 sums over the batch run over all N values one after the other, so that on constant features the
    roundings all go the same way, as in PyTorch and TensorFlow.
Harm: Keras 2 and Sonnet use it. A feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

for n in (10**4, 10**5, 10**6, 10**7):
    x = tf.fill((n, 1, 1, 2), 0.1)
    y, _, _ = tf.compat.v1.nn.fused_batch_norm(x, [1.0, 1.0], [0.0, 0.0], epsilon=1e-5)
    y = y[0, 0, 0, 0]
    print(f"N = {n:>10,}: y = {float(y):9.6f}, exactly 0")
