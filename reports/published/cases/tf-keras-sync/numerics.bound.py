# Keras 2 (tf_keras), synchronized 2.21.0
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[4, 0] is -2.16590357, exactly -2.16588977; it may be off by 1.1e-05 and is off by 1.4e-05,
# 1.23 times the bound; values beyond their bounds: 1 of 11
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((11, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [9.585079],
    [8.1401005],
    [7.4937525],
    [7.4230022],
    [6.207189],
    [8.3925495],
    [8.685965],
    [8.425956],
    [8.13344],
    [8.012184],
    [9.552201],
], np.float32)
y = layer(tf.constant(x, "float32"), training=True)
print("y[4, 0] is", float(y[4, 0]), "and should be", -2.165889769576139)
