# TensorFlow nn.batch_normalization 2.21.0
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dx[0, 0] after a training call is -inf, exactly 0; it may be off by 3.1e+03;
# values beyond their bounds: 3 of 3
import numpy as np
import tensorflow as tf

gamma = beta = None

gamma = tf.reshape(tf.constant(np.array([1.0], np.float16), "float16"), (1, -1))
beta = tf.reshape(tf.constant(np.array([0.0], np.float16), "float16"), (1, -1))
running_mean = tf.reshape(tf.constant(np.array([0.633], np.float16), "float16"), (1, -1))
running_var = tf.reshape(tf.constant(np.array([1.739], np.float16), "float16"), (1, -1))
x = np.array([[0.957], [0.957], [0.957]], np.float16)
dy = np.array([[1.024e+03], [1.024e+03], [1.024e+03]], np.float16)
t = tf.constant(x, "float16")
with tf.GradientTape() as tape:
    tape.watch([t, gamma, beta])
    mean, var = tf.nn.moments(t, [0], keepdims=True) if True else (running_mean, running_var)
    y = tf.nn.batch_normalization(t, mean, var, beta, gamma, 0.001)
dx, dgamma, dbeta = tape.gradient(y, [t, gamma, beta], tf.constant(dy, "float16"))
print("dx[0, 0] is", float(dx[0, 0]), "and should be", 0.0)
