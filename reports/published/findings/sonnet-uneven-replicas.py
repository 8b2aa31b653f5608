"""Sonnet's CrossReplicaBatchNorm: parts of unequal size count the same.

Promised: "At every step the full batch is used to calculate the batch statistics even within a distributed setting".
    https://sonnet.readthedocs.io/en/latest/api.html#crossreplicabatchnorm
Happens: each replica sends the mean of its part, and the mean of those is taken, whatever the sizes. One that
    has nothing makes it NaN for all, and the moving averages with it.
Harm: the last batch of an epoch is normalised by other statistics than those of the full batch. Keras counts values.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import sonnet as snt
import tensorflow as tf

halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
replicator = snt.distribute.Replicator(["CPU:0", "CPU:1"])


def moving_mean(*parts):
    with replicator.scope():
        average = snt.ExponentialMovingAverage(0.0), snt.ExponentialMovingAverage(0.0)
        layer = snt.distribute.CrossReplicaBatchNorm(True, True, *average)
    x = replicator.experimental_distribute_values_from_function(lambda c: parts[c.replica_id_in_sync_group])
    replicator.run(layer, (x,), {"is_training": True})
    return replicator.experimental_local_results(layer.moving_mean.average)[0].numpy().item()


x = tf.constant([[0.0], [0.0], [4.0], [4.0]])
for first in (2, 3, 4):
    found = moving_mean(x[:first], x[first:])
    print(f"the first {first} of 4 values on one replica: moving mean {found:.4f}, exactly 2")
