# Keras (TensorFlow), renorm 3.15.1, tensorflow 2.21.0
# Required: Every gradient is that of the definition, whatever came before, and wherever x and dy
# lie in memory.
# Seen: the gradient dx[0, 0] after a training call is nan, exactly -2.70886872e-07; it may be off
# by 1.2e-06; values beyond their bounds: 2 of 2
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32",
    renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[0.028120454], [np.nan]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
layer.moving_mean.assign(np.array([0.6327895], np.float32))
layer.moving_variance.assign(np.array([1.7389386], np.float32))
x2 = np.array([[3.1136327], [-2.8490255]], np.float32)
dy = np.array([[-1.5772825], [-0.141633]], np.float32)
t = tf.constant(x2, "float32")
with tf.GradientTape() as tape:
    tape.watch(t)
    y = layer(t, training=True)
dx, dgamma, dbeta = tape.gradient(y, [t, layer.gamma, layer.beta], tf.constant(dy, "float32"))
print("dx[0, 0] is", float(dx[0, 0]), "and should be", -2.708868721696401e-07)
