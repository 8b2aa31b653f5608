# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: Every feature axis and rank it supports gives the same numbers: features first, channels
# first, channels last.
# Seen: for shape (1, 4), axis 0, y[0, 0] is -1.34619227, exactly -1.34619227; it may be off by
# 2.3e-14 and is off by 2.6e-14, 1.15 times the bound; 1 of 4 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=0, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64", synchronized=True
)
layer.build((1, 4))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [0.9238984617692834, 1.0801086138826035, 0.9999999752886158, 1.151743730782404],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", -1.346192273886275)
