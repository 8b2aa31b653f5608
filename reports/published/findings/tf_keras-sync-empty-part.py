"""Keras 2: with synchronized=True, a replica that has no part of the batch holds the moving statistics back.

Promised: synchronized=True "synchronizes the global batch statistics (mean and variance)".
    https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/BatchNormalization
Happens: the batch's statistics are right, but a replica without values leaves its copy of the moving ones as it was,
    and the copies are averaged: with one of two replicas empty they move half as far.
Harm: a last batch with fewer samples than replicas counts less than momentum says, in silence. Keras 3 counts it.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
import tf_keras

tf.get_logger().setLevel("ERROR")
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def moving(*parts):
    with strategy.scope():
        layer = tf_keras.layers.BatchNormalization(momentum=0.0, synchronized=True)
    x = strategy.experimental_distribute_values_from_function(lambda c: parts[c.replica_id_in_sync_group])
    strategy.run(lambda part: layer(part, training=True), (x,))
    return layer.moving_mean.numpy().item(), layer.moving_variance.numpy().item()


x = tf.constant([[0.0], [0.0], [4.0], [4.0]])
for first in (2, 3, 4):
    mean, var = moving(x[:first], x[first:])
    print(
        f"the first {first} of 4 values on one replica: mean {mean:g}, exactly 2; variance {var:g}, exactly 4"
    )
