"""tf.nn.batch_normalization: gamma and beta of the wrong size are broadcast, not refused.

Promised: "mean, variance, offset and scale are all expected to be of one of two shapes": full rank with
    singletons, or 1-dimensional of the depth of x. https://www.tensorflow.org/api_docs/python/tf/nn/batch_normalization
Happens: it multiplies and adds, so that whatever broadcasts is taken. One feature and three gammas give three
    features; a matrix of gammas gives each sample its own.
Harm: a mistake in a shape passes unseen, and the output has another shape than the input.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

one, three = np.ones(1, np.float32), np.array([1, 2, 3], np.float32)
x = np.array([[1.0], [3.0]], np.float32)
print("x", x.shape, "and 3 gammas: y", tf.nn.batch_normalization(x, 2 * one, one, None, three, 0.0).shape)
matrix = np.array([[1, 1], [5, 5]], np.float32)
x = np.array([[1, 1], [3, 3]], np.float32)
print(
    "a (2, 2) matrix of gammas:",
    tf.nn.batch_normalization(x, 2 * np.ones(2), np.ones(2), None, matrix, 0.0).numpy().tolist(),
)
