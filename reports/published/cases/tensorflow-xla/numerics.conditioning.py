# TensorFlow nn.batch_normalization (XLA) 2.21.0
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: the gradient of x, dx[2, 0] is -0.0395507812, exactly -0.039850781; it may be off by 2.3e-05
# and is off by 0.0003, 13.3 times the bound; 1 of 8 values are beyond theirs
import numpy as np
import tensorflow as tf

gamma = beta = None

gamma = tf.reshape(tf.constant(np.array([1.0], np.float16), "float16"), (1, -1))
beta = tf.reshape(tf.constant(np.array([0.0], np.float16), "float16"), (1, -1))
x = np.array([
    [2.113],
    [1.849],
    [-2.256],
    [-0.5854],
    [0.9854],
    [0.1934],
    [0.762],
    [-0.9414],
], np.float16)
dy = np.array([[-1.577], [-0.1416], [0.51], [0.8257], [-1.098], [0.897], [0.816], [-1.191]], np.float16)
t = tf.constant(x, "float16")


@tf.function(jit_compile=True)
def normalise(t, gamma, beta):
    mean, var = tf.nn.moments(t, [0], keepdims=True) if True else (running_mean, running_var)
    return tf.nn.batch_normalization(t, mean, var, beta, gamma, 0.001)


with tf.GradientTape() as tape:
    tape.watch([t, gamma, beta])
    y = normalise(t, gamma, beta)
dx, dgamma, dbeta = tape.gradient(y, [t, gamma, beta], tf.constant(dy, "float16"))
print("dx[2, 0] is", float(dx[2, 0]), "and should be", -0.03985078101384926)
