# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: Adding a constant to a feature changes nothing in training.
# Seen: y, with a constant added to x,[0, 0] is -0.993461609, exactly -0.994131088; it may be off by
# 0.00025 and is off by 0.00067, 2.69 times the bound; 2 of 2 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[-0.46342647], [-0.40536195]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
x2 = np.array([[3.5365734], [3.594638]], np.float32)
y = layer(keras.ops.convert_to_tensor(x2, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", -0.9941310882568359)
