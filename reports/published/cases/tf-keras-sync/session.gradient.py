# Keras 2 (tf_keras), synchronized 2.21.0
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dx[4, 0] after a training call is 10856.8721, exactly 10860.8205; it may be off
# by 0.0096 and is off by 3.9, 413 times the bound; values beyond their bounds: 6 of 6
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.5, epsilon=1e-08, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((6, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.full((6, 1), 0.00875419, np.float32)
dy = np.array([
    [-0.07511121],
    [-0.585878],
    [-1.1091458],
    [-1.2572539],
    [0.7146137],
    [0.08396493],
], np.float32)
t = tf.constant(x, "float32")
with tf.GradientTape() as tape:
    tape.watch(t)
    y = layer(t, training=True)
dx, dgamma, dbeta = tape.gradient(y, [t, layer.gamma, layer.beta], tf.constant(dy, "float32"))
print("dx[4, 0] is", float(dx[4, 0]), "and should be", 10860.820536812145)
