# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: For each feature dx sums to 0, and dx . xhat = gamma / s sum(dy xhat) epsilon / (var +
# epsilon).
# Seen: dx . xhat of feature [0] is -44.9878498, exactly -44.9778428; it may be off by 0.0075 and is
# off by 0.01, 1.33 times the bound; 1 of 1 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[0.4968222], [0.49401084]], np.float32)
dy = np.array([[0.018315295], [0.4772284]], np.float32)
t = tf.constant(x, "float32")
with tf.GradientTape() as tape:
    tape.watch(t)
    y = layer(t, training=True)
dx, dgamma, dbeta = tape.gradient(y, [t, layer.gamma, layer.beta], tf.constant(dy, "float32"))
print("y =", y)
print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)
