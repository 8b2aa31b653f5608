# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: Every output is that of the definition, whatever came before, however large and wherever
# in memory x is.
# Seen: y[2, 0] in training is 2.02691841, exactly 2.02693547; it may be off by 9.2e-06 and is off
# by 1.7e-05, 1.86 times the bound; values beyond their bounds: 1 of 6
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((6, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[-8.046119], [-8.793372], [-6.282855], [-8.097576], [-8.646348], [-9.186979]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[2, 0] is", float(y[2, 0]), "and should be", 2.026935469447061)
