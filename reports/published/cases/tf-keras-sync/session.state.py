# Keras 2 (tf_keras), synchronized 2.21.0
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 1 is
# 0.75667876, exactly 0.756680647; it may be off by 1.2e-06 and is off by 1.9e-06, 1.6 times the
# bound; values beyond their bounds: 1 of 2
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=False, scale=True, dtype="float32", synchronized=True
)
layer.build((4, 2, 4))
layer.gamma.assign(np.array([1.0, 1.0], np.float32))
layer.moving_mean.assign(np.array([0.5926174, 9.585132], np.float32))
layer.moving_variance.assign(np.array([1.634174, 0.74409825], np.float32))
x = np.array([
    [[-0.37434033, 1.661274, 0.94972605, -0.6748909], [6.901241, 8.013532, 6.2234693, 7.106488]],
    [[0.11316897, 1.2457308, 0.5904238, 0.029230472], [8.272404, 9.683051, np.nan, 7.7146463]],
], np.float32)
y = layer(tf.constant(x, "float32"), training=True)
layer.moving_mean.assign(np.array([0.5926174, 9.585132], np.float32))
layer.moving_variance.assign(np.array([1.634174, 0.74409825], np.float32))
x2 = np.array([
    [[0.12651561, 1.0587721, -1.1135594, -0.6662486], [7.488229, 7.238686, 9.998904, 7.5888968]],
    [[-1.2121131, 1.4827989, -2.2855005, 0.15191388], [8.471282, 9.243458, 7.7365823, 7.451493]],
], np.float32)
y = layer(tf.constant(x2, "float32"), training=True)
running_var = np.ravel(layer.moving_variance.numpy())
print("running_var[1] is", float(running_var[1]), "and should be", 0.7566806474233371)
