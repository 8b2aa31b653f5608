# Keras 2 (tf_keras), synchronized 2.21.0
# Required: Statistics that were loaded move on from there, under one of the known conventions.
# Seen: no convention in use explains the running statistics. Closest is: momentum is the weight
# kept, biased variance; there, after 1 step, running mean [0] is 0.767643461, exactly 0.767643459;
# it may be off by 1.4e-15 and is off by 2e-09, 1.42e+06 times the bound; 1 of 1 values are beyond
# theirs
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64", synchronized=True
)
layer.build((2, 1))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([[2.1136326797582874], [1.8490255525702015]], np.float64)
y = layer(tf.constant(x, "float64"), training=True)
running_mean = np.ravel(layer.moving_mean.numpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.7676434591232066)
