import numpy as np
import torch
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras


def port(source, shape, axis):
    """The layer of keras-tensorflow that computes what `source`, a trained one of torch, computes.

    shape and axis are those of its inputs, the axis that of the features.

    In torch momentum is the weight of the new batch, in keras-tensorflow momentum is the weight
    kept: hence 1 - momentum.
    Inference is the same. In further training torch averages the unbiased variance, keras-
    tensorflow the biased: of N values they differ by the factor N / (N - 1).
    """
    target = keras.layers.BatchNormalization(
        axis=axis, momentum=1 - source.momentum, epsilon=source.eps, center=True, scale=True, dtype="float32"
    )
    target.build(shape)
    target.gamma.assign(source.weight.detach().numpy())
    target.beta.assign(source.bias.detach().numpy())
    target.moving_mean.assign(source.running_mean.numpy())
    target.moving_variance.assign(source.running_var.numpy())
    return target
