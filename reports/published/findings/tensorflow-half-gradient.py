"""tf.nn.batch_normalization in float16: the sums of the gradient overflow, and dx is NaN, where it is about 0.

Promised: float16 is among the dtypes. https://www.tensorflow.org/api_docs/python/tf/nn/batch_normalization
Happens: the gradient of mean and variance sums dy over the batch in float16, whose largest number is 65,504.
    64 values of 1024 are 65,536. PyTorch and Keras sum in float32: there dx is 0.
Harm: mixed precision scales the loss, so that upstream gradients are large. One step then gives NaN, though neither
    x, y, dy nor dx is anywhere near the largest number. Loss scaling halves its scale for a fault that is not the
    loss's.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

for dtype in ("float16", "float32"):
    x = tf.constant(np.arange(64.0).reshape(64, 1) % 7, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        mean, variance = tf.nn.moments(x, [0])
        y = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
    dx = tape.gradient(y, x, output_gradients=tf.fill((64, 1), tf.constant(1024, dtype)))
    print(f"{dtype}: largest |dx| {np.abs(dx.numpy()).max():.2g}, NaN in {np.isnan(dx.numpy()).sum()} of 64")
