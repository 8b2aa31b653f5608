# TensorFlow nn.batch_normalization (XLA) 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.0935889035, exactly 0; it may be off by 0.0035 and is off by 0.094, 26.9 times
# the bound; values beyond their bounds: 62,497 of 62,497
import numpy as np
import tensorflow as tf

gamma = beta = None

gamma = tf.reshape(tf.constant(np.array([1.0], np.float32), "float32"), (1, -1))
beta = tf.reshape(tf.constant(np.array([0.0], np.float32), "float32"), (1, -1))
x = np.full((62497, 1), 7.152713, np.float32)
t = tf.constant(x, "float32")


@tf.function(jit_compile=True)
def normalise(t, gamma, beta):
    mean, var = tf.nn.moments(t, [0], keepdims=True) if True else (running_mean, running_var)
    return tf.nn.batch_normalization(t, mean, var, beta, gamma, 0.001)


y = normalise(t, gamma, beta)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
