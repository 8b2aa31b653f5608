# TensorFlow nn.fused_batch_norm 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0, 0, 0] is 0.000288384239, exactly 0; it may be off by 6e-05 and is off by 0.00029,
# 4.8 times the bound; values beyond their bounds: 900 of 900
import numpy as np
import tensorflow as tf

mean = variance = None

scale = tf.constant(np.array([1.0], np.float32), tf.float32)
offset = tf.constant(np.array([0.0], np.float32), tf.float32)
x = np.full((900, 1, 1, 1), 0.83883595, np.float32)
y, _, _ = tf.compat.v1.nn.fused_batch_norm(
    tf.constant(x, "float32"),
    scale,
    offset,
    *((None, None) if True else (mean, variance)),
    epsilon=0.001,
    data_format={(4, 1): "NCHW", (4, 3): "NHWC", (5, 1): "NCDHW", (5, 4): "NDHWC"}[
        len((900, 1, 1, 1)), 1 % len((900, 1, 1, 1))
    ],
    is_training=True,
)
print("y[0, 0, 0, 0] is", float(y[0, 0, 0, 0]), "and should be", 0.0)
