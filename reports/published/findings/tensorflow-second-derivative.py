"""TensorFlow: second derivatives through `tf.nn.moments`, and so of Keras' BatchNormalization, are silently wrong.

Promised: the mean and variance of x, which are functions of x.
    https://www.tensorflow.org/api_docs/python/tf/nn/moments
Happens: the variance is the mean of (x - stop_gradient(mean))^2. The first derivative is right without the one of the
mean; the second is not. Gradient penalties and Hessian-vector products of a network with this layer are wrong, by any
mode. The layer written out gives the right one.
Upstream: no report found. https://github.com/tensorflow/tensorflow/pull/19609 says why the first derivative is right.
"""

import tensorflow as tf
from keras.layers import BatchNormalization

tf.random.set_seed(0)
x, v, w = tf.unstack(tf.random.normal([3, 4, 2], dtype=tf.float64))
layer = BatchNormalization(dtype="float64")


def moments(x):
    return tf.nn.batch_normalization(x, *tf.nn.moments(x, [0]), None, None, 1e-3)


def written_out(x):
    d = x - tf.reduce_mean(x, 0)
    return d / tf.sqrt(tf.reduce_mean(d * d, 0) + 1e-3)


for words, f in (("moments", moments), ("Keras", lambda x: layer(x, training=True)), ("right", written_out)):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        gradient = tape.gradient(y, x, v)
    print(f"{words}:", outer.gradient(gradient, x, w)[0].numpy())
