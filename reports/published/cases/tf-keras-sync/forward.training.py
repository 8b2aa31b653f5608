# Keras 2 (tf_keras), synchronized 2.21.0
# Required: y = gamma (x - mean) / sqrt(var + epsilon) + beta with the batch's mean and biased
# variance.
# Seen: y[0, 0] is 0.406356812, exactly 0.40619382; it may be off by 0.00014 and is off by 0.00016,
# 1.19 times the bound; 2 of 2 values are beyond theirs
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
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.4061938201772527)
