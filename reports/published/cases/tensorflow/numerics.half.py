# TensorFlow nn.batch_normalization 2.21.0
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[1, 0] is -0.999023438, exactly -0.999999438; it may be off by 0.00049 and is off by
# 0.00098, 1.99 times the bound; values beyond their bounds: 1 of 2
import numpy as np
import tensorflow as tf

gamma = beta = None

gamma = tf.reshape(tf.constant(np.array([1.0], np.float16), "float16"), (1, -1))
beta = tf.reshape(tf.constant(np.array([0.0], np.float16), "float16"), (1, -1))
x = np.array([[3.113], [-2.85]], np.float16)
t = tf.constant(x, "float16")
mean, var = tf.nn.moments(t, [0], keepdims=True) if True else (running_mean, running_var)
y = tf.nn.batch_normalization(t, mean, var, beta, gamma, 1e-05)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9999994375085279)
