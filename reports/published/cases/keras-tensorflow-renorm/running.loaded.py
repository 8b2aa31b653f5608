# Keras (TensorFlow), renorm 3.15.1, tensorflow 2.21.0
# Required: Loaded statistics move on from their values, under one of the known conventions.
# Seen: no convention in use explains the running statistics. The closest is: zero-debiased,
# momentum is the weight kept, biased variance; by it, after 1 training call, the running variance
# of feature 0 is 1.43551266, exactly 8.8883231; it may be off by 5.7e-05 and is off by 7.5,
# 1.31e+05 times the bound; values beyond their bounds: 1 of 1
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
layer.moving_mean.assign(np.array([0.6327895], np.float32))
layer.moving_variance.assign(np.array([1.7389386], np.float32))
x = np.array([[3.1136327], [-2.8490255]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
running_var = np.ravel(keras.ops.convert_to_numpy(layer.moving_variance))
print("running_var[0] is", float(running_var[0]), "and should be", 8.888323103781218)
