# Keras (TensorFlow), renorm 3.15.1, tensorflow 2.21.0
# Required: An empty batch leaves the running statistics as they were: an error, or no change.
# Seen: running_mean was [0.6327894926071167] and is [nan] after an empty batch of shape (0, 1)
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32",
    renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
layer.moving_mean.assign(np.array([0.6327895], np.float32))
layer.moving_variance.assign(np.array([1.7389386], np.float32))
x = np.zeros((0, 1), np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
running_mean = np.ravel(keras.ops.convert_to_numpy(layer.moving_mean))
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
