# TensorFlow nn.batch_normalization 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.00131225586, exactly 0; it may be off by 0.00039 and is off by 0.0013, 3.33
# times the bound; values beyond their bounds: 449 of 898
import base64
import zlib
import numpy as np
import tensorflow as tf

gamma = beta = None

gamma = tf.reshape(tf.constant(np.array([1.0, 1.0], np.float32), "float32"), (1, -1))
beta = tf.reshape(tf.constant(np.array([0.0, 0.0], np.float32), "float32"), (1, -1))
x = np.frombuffer(zlib.decompress(base64.b64decode(
    b"eNrtxTEBACAIALCPWpKCtqSRCAQwiNuzuJPbdcK2bdu2/cUPJ8qV/Q=="
)), np.float32).reshape((449, 2)).copy()
t = tf.constant(x, "float32")
mean, var = tf.nn.moments(t, [0], keepdims=True) if True else (running_mean, running_var)
y = tf.nn.batch_normalization(t, mean, var, beta, gamma, 0.001)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
