import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np
import torch


def port(source, shape, axis):
    """The layer of torch that computes what `source`, a trained one of keras-tensorflow, computes.

    shape and axis are those of its inputs, the axis that of the features.

    In keras-tensorflow momentum is the weight kept, in torch momentum is the weight of the new
    batch: hence 1 - momentum.
    Inference is the same. In further training keras-tensorflow averages the biased variance, torch
    the unbiased: of N values they differ by the factor N / (N - 1).
    torch takes the features along axis 1: move them there, if they are not.
    """
    target = torch.nn.BatchNorm1d(
        shape[axis], eps=source.epsilon, momentum=1 - source.momentum, affine=True, dtype=torch.float32
    )
    # for rank 4: target = torch.nn.BatchNorm2d(
    # for rank 5: target = torch.nn.BatchNorm3d(
    target.load_state_dict({"weight": torch.as_tensor(keras.ops.convert_to_numpy(source.gamma))}, strict=False)
    target.load_state_dict({"bias": torch.as_tensor(keras.ops.convert_to_numpy(source.beta))}, strict=False)
    target.load_state_dict({"running_mean": torch.as_tensor(keras.ops.convert_to_numpy(source.moving_mean))}, strict=False)
    target.load_state_dict({"running_var": torch.as_tensor(keras.ops.convert_to_numpy(source.moving_variance))}, strict=False)
    return target
