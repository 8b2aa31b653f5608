# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[14, 0] is -1.59314013, exactly -1.59312969; it may be off by 8.9e-06 and is off by 1e-05,
# 1.17 times the bound; 2 of 15 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=0.001, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((15, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [8.998435],
    [6.3099976],
    [7.1285567],
    [7.0889926],
    [9.128466],
    [7.8324404],
    [7.003865],
    [6.8662224],
    [8.1164465],
    [7.560988],
    [8.380208],
    [7.7287593],
    [7.2510285],
    [8.7862625],
    [6.218157],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[14, 0] is", float(y[14, 0]), "and should be", -1.5931296898050569)
