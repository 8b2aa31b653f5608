# Keras 2 (tf_keras), synchronized 2.21.0
# Required: After each of k training calls both statistics are an average of the batches' under one
# of the known conventions, the same one every time: exponential moving, zero-debiased exponential
# moving, cumulative.
# Seen: no convention in use explains the running statistics. Closest is: momentum is the weight
# kept, biased variance; there, after 1 step, running mean [0] is 0.198132915, exactly 0.198132912;
# it may be off by 5.1e-16 and is off by 3e-09, 5.84e+06 times the bound; 1 of 1 values are beyond
# theirs
import numpy as np
import tensorflow as tf
import tf_keras

layer = tf_keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64", synchronized=True
)
layer.build((2, 1))
x = np.array([[2.1136326797582874], [1.8490255525702015]], np.float64)
y = layer(tf.constant(x, "float64"), training=True)
running_mean = np.ravel(layer.moving_mean.numpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.1981329116164244)
