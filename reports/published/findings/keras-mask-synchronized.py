"""Keras: a synchronised layer that is called with a mask is not synchronised.

Promised: synchronized=True "synchronizes the global batch statistics (mean and variance) for the layer across all
    devices at each training step"; masks are not excluded.
    https://keras.io/api/layers/normalization_layers/batch_normalization/
Happens: the statistics of masked positions are computed without regard to it, by each replica for itself.
Harm: a model with Masking in it trains on other statistics than asked for, as if synchronized=False.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = [tf.constant([[0.0], [2.0]]), tf.constant([[10.0], [12.0]])]
parts = strategy.experimental_distribute_values_from_function(lambda c: x[c.replica_id_in_sync_group])
for how, mask in ("without:    ", None), ("with a mask:", tf.ones(2, bool)):
    with strategy.scope():
        layer = keras.layers.BatchNormalization(synchronized=True)
        layer.build((2, 1))
    y = tf.function(strategy.run)(layer, (parts,), {"training": True, "mask": mask})
    print(how, [each.numpy()[:, 0].tolist() for each in strategy.experimental_local_results(y)])
