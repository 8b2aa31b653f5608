# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: Where float64 is declared, results are good to float64, forward and backward.
# Seen: y[0, 0] is 0.406193662, exactly 0.406193662; it may be off by 2.5e-13 and is off by 3.6e-13,
# 1.42 times the bound; 2 of 2 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64", synchronized=True
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[0.4968222025118277], [0.49401083154593406]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.40619366162392484)
