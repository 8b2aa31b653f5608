# Sonnet 2.0.2, tensorflow 2.21.0
# Required: Momentum 0 and 1 keep all or replace all.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running mean of feature 0 is nan, exactly
# 0; it may be off by 1.8e-07; values beyond their bounds: 1 of 1
import numpy as np
import sonnet as snt
import tensorflow as tf

layer = snt.BatchNorm(
    create_scale=True,
    create_offset=True,
    decay_rate=1.0,
    eps=1e-05,
    data_format="channels_first" if 1 % len((2, 1)) == 1 else "channels_last",
)
layer(tf.zeros((2, 1), "float32"), is_training=False)
x = np.array([[3.1136327], [-2.8490255]], np.float32)
y = layer(tf.constant(x, "float32"), is_training=True)
running_mean = np.ravel(layer.moving_mean.average.numpy().ravel())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.0)
