"""Sonnet: images with features last get another moving variance than all else, and must be float32.

Promised: one transformation for "an n-D tensor" of any data format; no dtype is excluded.
    https://sonnet.readthedocs.io/en/latest/api.html#batchnorm
Happens: four axes with features last go to a fused kernel of TensorFlow, which keeps the variance times m / (m - 1),
    and takes neither float64 nor gamma in half precision; all else goes to tf.nn.
Harm: with few values per feature, the inference of a network depends on its data format; float64 raises an error.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import sonnet as snt
import tensorflow as tf

x = tf.reshape(tf.constant([0.0, 2.0]), (2, 1, 1, 1))
for data_format in ("NCHW", "NHWC"):
    layer = snt.BatchNorm(True, True, decay_rate=0.9, data_format=data_format)
    layer(x, is_training=True)
    print(f"0 and 2, {data_format}: moving variance {layer.moving_variance.average.numpy().item():.4f}")
    try:
        snt.BatchNorm(True, True, data_format=data_format)(tf.cast(x, tf.float64), is_training=True)
        print(f"float64, {data_format}: taken")
    except Exception as error:
        print(f"float64, {data_format}: {type(error).__name__}")
