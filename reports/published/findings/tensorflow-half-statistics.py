"""tf.nn.batch_normalization: half precision throughout, and epsilon lost with it.

Promised: "variance_epsilon: A small float number to avoid dividing by 0."
    https://www.tensorflow.org/api_docs/python/tf/nn/batch_normalization
Happens: every step is rounded to the dtype of x. In float16 an epsilon below 6e-8 becomes 0, so that a constant
    feature is divided by 0; in bfloat16 the output is off by several units of its last place.
Harm: NaN on constant features where a small epsilon was asked for; Keras casts to float32 before it calls this.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

x = tf.ones((2, 1), tf.float16)
y = tf.nn.batch_normalization(x, *tf.nn.moments(x, [0]), None, None, 1e-8)
print("float16, constant, epsilon 1e-8: y =", y.numpy().ravel().tolist(), "exactly [0, 0]")
for dtype in (tf.float16, tf.bfloat16):
    x = tf.cast(np.linspace(8, 10, 64)[:, None], dtype)
    y = tf.cast(tf.nn.batch_normalization(x, *tf.nn.moments(x, [0]), None, None, 1e-3), tf.float64).numpy()
    wide = tf.cast(x, tf.float64).numpy()
    exact = (wide - wide.mean()) / np.sqrt(wide.var() + 1e-3)
    print(f"{dtype.name}: y is off by up to {np.abs(y - exact).max():.3f}")
