# Sonnet 2.0.2, tensorflow 2.21.0
# Required: An empty batch leaves the running statistics as they were: an error, or no change.
# Seen: running_mean was [0.6327894926071167] and is [[nan]] after an empty batch of shape (0, 1)
import numpy as np
import sonnet as snt
import tensorflow as tf

layer = snt.BatchNorm(
    create_scale=True,
    create_offset=True,
    decay_rate=0.9,
    eps=1e-05,
    data_format="channels_first" if 1 % len((2, 1)) == 1 else "channels_last",
)
layer(tf.zeros((2, 1), "float32"), is_training=False)
layer.scale.assign(tf.reshape(np.array([1.0], np.float32), layer.scale.shape))
layer.offset.assign(tf.reshape(np.array([0.0], np.float32), layer.offset.shape))
layer.moving_mean.average.assign(tf.reshape(np.array([0.6327895], np.float32), layer.moving_mean.average.shape))
layer.moving_variance.average.assign(tf.reshape(np.array([1.7389386], np.float32), layer.moving_variance.average.shape))
x = np.zeros((0, 1), np.float32)
y = layer(tf.constant(x, "float32"), is_training=True)
running_mean = np.ravel(layer.moving_mean.average.numpy().ravel())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
