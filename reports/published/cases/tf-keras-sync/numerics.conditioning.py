# Keras 2 (tf_keras), synchronized 2.21.0
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[2, 0] is -1.82738113, exactly -1.82734797; it may be off by 2.2e-05 and is off by 3.3e-05,
# 1.53 times the bound; values beyond their bounds: 2 of 8
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((8, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [32.113632],
    [31.849026],
    [27.743334],
    [29.414677],
    [30.985327],
    [30.193407],
    [30.761974],
    [29.058758],
], np.float32)
y = layer(tf.constant(x, "float32"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", -1.8273479695963761)
