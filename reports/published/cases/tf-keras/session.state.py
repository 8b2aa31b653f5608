# Keras 2 (tf_keras) 2.21.0
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after a load, training on an empty batch; it should be 0.632789493,
# as it was
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
layer.moving_mean.assign(np.array([0.6327895], np.float32))
layer.moving_variance.assign(np.array([1.7389386], np.float32))
x = np.zeros((0, 1), np.float32)
y = layer(tf.constant(x, "float32"), training=True)
running_mean = np.ravel(layer.moving_mean.numpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
