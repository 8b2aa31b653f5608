# TensorFlow nn.batch_normalization (XLA) 2.21.0
# Required: Loading n + 1 values or an (n, m) matrix, or applying the layer to n + 1 features, is an
# error that can be read: not a crash, not a silent broadcast.
# Seen: a layer of 1 feature accepted n + 1 values for gamma: applied to x of shape (2, 1), axis 1,
# it returned y of shape (2, 2) without an error
import numpy as np
import tensorflow as tf

gamma = beta = None

gamma = tf.reshape(tf.constant(np.array([1.0], np.float32), "float32"), (1, -1))
beta = tf.reshape(tf.constant(np.array([0.0], np.float32), "float32"), (1, -1))
running_mean = tf.reshape(tf.constant(np.array([0.6327895], np.float32), "float32"), (1, -1))
running_var = tf.reshape(tf.constant(np.array([1.7389386], np.float32), "float32"), (1, -1))
gamma = tf.reshape(tf.constant(np.array([1.0, 1.0], np.float32), "float32"), (1, -1))
x = np.array([[3.1136327], [-2.8490255]], np.float32)
t = tf.constant(x, "float32")


@tf.function(jit_compile=True)
def normalise(t, gamma, beta):
    mean, var = tf.nn.moments(t, [0], keepdims=True) if True else (running_mean, running_var)
    return tf.nn.batch_normalization(t, mean, var, beta, gamma, 1e-05)


y = normalise(t, gamma, beta)
print("y =", y)
