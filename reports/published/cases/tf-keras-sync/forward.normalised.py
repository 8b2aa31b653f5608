# Keras 2 (tf_keras), synchronized 2.21.0
# Required: With gamma 1 and beta 0 each feature of y has mean 0 and variance var / (var + epsilon).
# Seen: the variance of feature [0] is 0.165119658, exactly 0.16499342; it may be off by 0.00011 and
# is off by 0.00013, 1.14 times the bound; 1 of 1 values are beyond theirs
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[0.4968222], [0.49401084]], np.float32)
y = layer(tf.constant(x, "float32"), training=True)
print("y =", y)
