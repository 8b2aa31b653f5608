# Keras 2 (tf_keras), synchronized 2.21.0
# Required: The output lies within the bound for means up to eight standard deviations from zero
# (kappa <= 8), wide scales and long sums, in training and inference.
# Seen: y[0, 0] is 1.24062252, exactly 1.24061504; it may be off by 7.1e-06 and is off by 7.5e-06,
# 1.06 times the bound; 1 of 3 values are beyond theirs
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((3, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[-7127.6846], [-10218.873], [-8734.594]], np.float32)
y = layer(tf.constant(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.2406150380316459)
